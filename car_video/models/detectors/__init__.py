"""Detectors of things by words, behind one interface.

``catalog``         names, as data; needs no torch
``registry``        ``load_detector``: a detector by name, shared while it is in use
``base``            ``Detector`` and ``Detections``: what the algorithm asks of them
``clip_words``      expressions in the tokens of CLIP
``grounding_dino``  Grounding DINO
``owlv2``           OWLv2
``sam3``            SAM 3, asked for a concept
"""
