"""Promptable mask models behind one interface.

``catalog``       names, as data; needs no torch
``registry``      ``load_mask_model``: a model by name, shared while it is in use
``base``          ``MaskModel`` and ``MaskEmbedding``: what the algorithm asks of them
``mobile_sam``    the bundled MobileSAM
``tiny_vit``      its image encoder with less work
``decoder``       its mask decoder, the work of a picture shared by prompts
``hub``           SAM, SAM-HQ, SAM 2 and SAM 3 of transformers
``hub_loading``   their weights, from the hub or a folder
``weight_names``  from MobileSAM's checkpoint to ours (used by ``tools/build_lite``)
"""
