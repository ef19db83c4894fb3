"""Words of place and colour as geometry and pixels, and things of one kind (docs/places.md).

``place_tensors``  places of queries as tensors, with anchors of a picture
``place_maps``     soft maps weighed by places
``instances``      which mask candidates exist as instances
``place_ranking``  candidates ranked by places
``colour``         candidates weighed by colours
``kinds``          which of several things of one kind a mask shows
``detections``     candidates weighed by the boxes of a detector
``mask_cues``      colours, kinds, detections and the border of the picture together
"""
