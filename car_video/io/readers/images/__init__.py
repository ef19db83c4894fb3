"""Picture files.

- ``recognition``: what a file is: a video, an animation, or a picture.
- ``stills``: one picture file as upright RGB.
- ``heif``: HEIC pictures, with or without ``pillow-heif``.
- ``reader``: one picture or a folder of them as frames.
- ``animated``: the frames of an animated WebP, PNG or AVIF.
"""
