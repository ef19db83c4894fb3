"""Fit the score by which a track chooses its mask among the candidates of a frame.

    python -m tools.fit_tracking --data ../shared/data --cache DIR [--part 0/2] [--record]
        [--out car_video/weights/lite_tracking.json]

``--record`` runs the tracker with language on every 4th frame of ``ref-video-dev`` (at most
14, sentences of the kind "attribute", preset ``best``). Where a track has shown an object it
keeps what each candidate has in common with the track, and its IoU with that object now. Then
the numbers of :mod:`car_video.video.tracking.association` are fitted; printed is what a choice
is worth on every group of sequences when it is fitted without that group, written are the
numbers of all groups.

``choices``   what is kept while the tracker runs
``fitting``   the fit, leave one group out
``__main__``  the command
"""
