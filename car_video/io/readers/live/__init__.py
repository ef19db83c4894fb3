"""Cameras and streams.

- ``options``: how patient to be.
- ``camera``: cameras of this computer.
- ``feed``: reads and reconnects in a thread of its own.
- ``newest_frames``: the queue that drops old frames.
- ``reader``: frames of a live source.
"""
