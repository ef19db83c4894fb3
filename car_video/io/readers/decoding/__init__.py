"""From containers to numbered, timed, upright pictures.

- ``container``: opens a file or address, picks its video stream, reads packets past damage.
- ``statements``: what a container states about rate and length, and how far to believe it.
- ``completeness``: whether a file has all the bytes that its header states.
- ``packet_index``: where the frames of a file are, without decoding.
- ``presentation_end``: until when the last picture is shown.
- ``frame_numbers``: numbers of frames, from timestamps that may be out of order.
- ``decoder``: decodes packets and outlives damaged ones.
- ``cursor``: an open file with a place in it, moved over keyframes.
- ``clock``: times that increase, from timestamps that may not.
- ``pixels``: upright RGB of the wanted size.
"""
