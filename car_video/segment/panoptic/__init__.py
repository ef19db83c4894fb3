"""Pictures segmented by a vocabulary with FC-CLIP (docs/fcclip.md).

Files in the order in which a picture meets them:

``preparation``     sizes; a picture as the network wants it
``fitting``         mask logits at the picture's size, strip by strip
``postprocessing``  panoptic segments, classes of pixels, instances
``segmenter``       ``PanopticSegmenter``: the order of the steps
"""
