"""The choices of CaR's released code, where they differ from ours (docs/compat.md).

``settings``   the options of ``compat: reference``
``resizing``   the size that the proposer sees
``proposals``  Grad-CAM and its boxes
``prompts``    visual prompts, drawn by ``opencv`` (OpenCV's arithmetic without OpenCV)
``scores``     the double softmax
``crf_image``  the picture that the CRF sees
"""
