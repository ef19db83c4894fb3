"""Hard cases with exact truth: real cut-outs pasted on real clips, and their scorer.

``cases(data)`` yields clips of six kinds (occlusion, leave, cut, crossing, absent, shake), each
rendered frame by frame; ``Tally`` scores predictions on one of them. ``data`` is the folder of
the development sets (``ref-davis-dev``, ``coco-dev``, ``clips``), which is not part of the
repository.
"""

from tests.hard_cases.generate import HardCase, Moment, cases
from tests.hard_cases.score import KindScore, QueryScore, Tally, by_kind

__all__ = ["HardCase", "KindScore", "Moment", "QueryScore", "Tally", "by_kind", "cases"]
