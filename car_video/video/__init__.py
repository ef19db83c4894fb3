"""The video algorithm: masks that stay on their object, and presence that does not blink.

Files in the order in which a frame meets them; docs/video.md explains the algorithm.

``stream``          frames in, answers out, in every mode
``arguments``       what users may give, checked first: arrays, frames, presets
``segmenter``       ``VideoSegmenter``: the order of the steps on a frame
``thumbnail``       the small copy of a frame in which motion and cuts are found
``scheduling``      durations, cuts, keyframes, and quality that keeps a frame rate
``observation``     a frame encoded, and what language says of it
``feature_memory``  from which remembered cells the cells of a frame have come
``tracking``        tracks of objects, where there is a mask model
``map_memory``      maps that remember, where there is none
``panoptic``        frames segmented by a vocabulary; identity from FC-CLIP's queries
``presence``        whether each target is in the frame
``segmenter_state`` what the segmenter keeps, taken from it and given back to one
``offline``         the same with frames ahead known
``correction``      what a person has corrected, carried to the frames around it
``state``           what goes from frame to frame, as tensors
"""
