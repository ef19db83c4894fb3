"""The choices of CaR's released code, where they differ from ours (docs/compat.md).

``settings``   the options of ``compat: reference``
``first_step`` the texts of the first step
``resizing``   the size that the proposer sees
``opencv``     OpenCV's arithmetic without OpenCV
``scores``     the double softmax
``crf_image``  the picture that the CRF sees

What builds on a stage of the algorithm stands in that stage: ``proposals/released_code``
(Grad-CAM and its boxes) and ``classification/released_code`` (visual prompts).
"""
