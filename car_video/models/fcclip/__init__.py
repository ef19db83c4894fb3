"""FC-CLIP: masks for any number of names in one pass of one frozen convolutional CLIP.

Files in the order in which data meets them:

``names``          FCCLIP:FILE taken apart
``architecture``   sizes, and the published variants as data
``key_map``        names of tensors in released checkpoints and here, as data
``backbone``       the frozen CLIP: four stages, and the head for regions
``pixel_decoder``  multi-scale deformable attention (transformers)
``mask_decoder``   masked attention: queries and their masks
``pooling``        hard masks and the mean under them
``classifiers``    in- and out-of-vocabulary vectors, logits of a vocabulary
``text_rows``      a vocabulary as unit vectors
``ensemble``       the two classifiers as one, and void
``network``        all of it
``checkpoint``     files: read safely, checked name by name, converted
``carry_over``     queries carried from picture to picture
``promptable``     its masks where a promptable mask model is asked for
``loading``        by name; ``model`` where a vision-language model is asked for

Source: arXiv 2308.02487. docs/fcclip.md says what is exact.
"""
