"""What a picture was segmented into by a vocabulary, as files.

``panoptic_png``  ids of segments as colours, the form of COCO's panoptic PNGs
``records``       JSON records of pictures, segments, instances and categories, in COCO's forms
``overlay``       segments, classes or instances drawn over the picture, with a legend
``folder``        the folder of a run: pictures that are done stay done
"""
