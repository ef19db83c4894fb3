"""Fit the numbers by which a track is doubted.

    python -m tools.fit_likeness --data ../shared/data --cache DIR [--part 0/2] [--record]

``--record`` follows the things of ``ref-video-dev`` (sentences of the kind "attribute", preset
``default``; not the twelve sequences by which ``benchmarks.gone`` measures): the whole clips at
6 frames/s as they are, and 30 frames at 12 frames/s in which things are hidden for some frames
in four ways. It keeps how the looks of tracks differ from those before. Then the numbers of
:mod:`car_video.video.tracking.likeness` are fitted. Printed is what is shown of the looks of
every group by numbers that were fitted without it, and the numbers of all groups with 95 %
intervals, groups drawn with replacement.

``looks``     what is kept while the tracker runs
``fitting``   the regressions, and where doubt begins
``report``    groups that were left out, intervals
``__main__``  the command
"""
