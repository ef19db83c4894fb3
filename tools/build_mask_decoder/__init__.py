"""A small mask decoder on the frozen trunk of ``lite``, trained on masks of MobileSAM.

FC-CLIP's two decoders (``car_video/models/fcclip``) in a reduced size. Classes are not needed:
a query is an object or nothing. Targets are the masks that MobileSAM gives without prompts on
photos, so no annotation is used. What it is worth is in docs/fcclip.md; it does not ship.

``python -m tools.build_mask_decoder targets --photos DIR --work DIR [--device cuda]``
``python -m tools.build_mask_decoder train --work DIR [DIR ...] [--minutes 6]``
``python -m tools.build_mask_decoder recall --work DIR --data COCO``
``python -m tools.build_mask_decoder identity --work DIR --data REF-DAVIS``
``python -m tools.build_mask_decoder referring --work DIR --data REF-DAVIS``

``recipe``    every number
``network``   four stages of the trunk, the decoders, and an object score per query
``targets``   MobileSAM's masks of each photo, kept as run-length codes
``set_loss``  set prediction: Mask2Former's loss, all pictures at once
``train``     the optimiser, parts of pictures
``masks``     the trained network where FC-CLIP's masks are asked for
``recall``    how many annotated objects have a mask
``measure``   recall against MobileSAM's masks, identity over time, J&F of the product
"""
