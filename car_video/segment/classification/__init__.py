"""Scores of masks against texts.

``classifier``      ``MaskClassifier``: prompted pictures and pooled features
``visual_prompts``  pictures with prompts, in the classifier's square
``prompt_drawing``  surroundings, borders and crops
``mask_borders``    circles, rectangles and contours around masks
``input_crops``     how a picture becomes a square
``scores``          softmax and ensembles over embeddings
``proposal_scores`` the proposals of a step of the recurrence
``region_odds``     every query for every region, against the background
``released_code``   visual prompts as CaR's released code draws them
"""
