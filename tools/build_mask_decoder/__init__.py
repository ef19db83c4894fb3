"""A small mask decoder on the frozen trunk of ``lite``, trained on masks of MobileSAM.

FC-CLIP's two decoders (``car_video/models/fcclip``) in a reduced size. Classes are not needed:
a query is an object or nothing. Targets are the masks that MobileSAM gives without prompts on
photos, so no annotation is used. Whether it is worth shipping is for ``recall`` and the
development sets to say; until then it is an experiment (docs/fcclip.md).

``python -m tools.build_mask_decoder targets --photos DIR --work DIR``
``python -m tools.build_mask_decoder train --work DIR``
``python -m tools.build_mask_decoder recall --work DIR --data COCO``

``recipe``   every number
``network``  four stages of the trunk, the decoders, and an object score per query
``targets``  MobileSAM's masks of each photo, kept as run-length codes
``train``    set prediction with transformers' loss of Mask2Former
``recall``   how many annotated objects have a mask, against MobileSAM's
"""
