"""Networks that follow a thing through a video by a memory of it, behind one interface.

``catalog``   names, as data; needs no torch
``registry``  ``load_video_memory``: one by name, shared while it is in use
``base``      ``VideoMemory`` and ``ObjectMemory``: what the algorithm asks of them
``sam2``      SAM 2's and EdgeTAM's memory, of transformers
"""
