"""Tables of time, memory and quality, one command each: ``python -m benchmarks.NAME``.

``image``, ``cam``, ``crf``, ``classifier``, ``compiled``   time of the parts, one picture
``parity``, ``metrics``                             the same numbers as slow and obvious code
``ablation``, ``choice``, ``plural``, ``spatial``   what settings are worth on single pictures
``video``, ``pace``, ``memory``, ``writers``        videos: quality, rate, memory, files
``offline``, ``gone``                               the way back over a window; things hidden
``corrections``, ``page``                           the worth of corrections; waits at a page
``rates``, ``sizes``, ``keyframes``                 videos: other rates, sizes and presets
``profile``, ``company``                            where time goes; speed beside other programs
``hard_cases``, ``generalisation``                  sequences that settings were not chosen on

``ablation_rows``, ``reference_work`` and ``shared_encodings`` serve these. Importing the
package prepares the threads as ``car-video`` does, so that times are those of the command;
torch must not have been imported before.
"""

from car_video.cli.launcher import limit_spinning

limit_spinning()
