"""From hard masks to mattes with soft edges, frame by frame.

- ``guided_filter``: a map takes the edges of a picture, at the picture's own size.
- ``edges``: :class:`EdgeFilter` grows or shrinks, softens along the picture, feathers, inverts.
- ``foreground``: the colours of the object without those of what is behind it.
"""

from car_video.io.mattes.edges import EdgeFilter, EdgeOptions
from car_video.io.mattes.foreground import foreground_colours

__all__ = ["EdgeFilter", "EdgeOptions", "foreground_colours"]
