"""Media files.

- ``reader``: frames in order, by PyAV.
- ``decoders``: decord and torchcodec behind one protocol.
- ``numbered``: frames whose pixels one of these decodes.
- ``backends``: ways to reach the n-th frame of a source.
- ``random_access``: frames by number.
"""
