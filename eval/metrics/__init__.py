"""Measures of segmentation in images and video: pure functions on numpy arrays.

Video objects (DAVIS 2017):
    ``score_sequence(truth, prediction, task) -> SequenceScores``: label maps uint8 [T, H, W]
        (0 background, ids from 1, 255 void in `truth`) to J and F per object and frame. Tasks
        ``semi-supervised``, ``unsupervised``, ``all-frames``. `SequenceScores` has ``as_json``
        and ``from_json``.
    ``aggregate({name: SequenceScores}) -> Summary``: ``.jf``, ``.j`` and ``.f`` (`Statistics`:
        mean, recall, decay), ``.per_sequence``, ``.global_row()``, ``.sequence_rows()``,
        ``.as_json()``.
    ``official_csv(Summary) -> (global, per sequence)``: text of the two official files.
    ``region_similarity(truth, prediction, void=None) -> J [...]`` and
    ``contour_accuracy(truth, prediction, void=None, tolerance=0.008) -> F [...]``: masks
        [..., H, W], for binary and overlapping masks.
    ``frame_statistics(values [T]) -> Statistics``.

    ``flicker(masks [T, H, W]) -> [T - 1]``: 1 - IoU with the predecessor after the best
        translation.

Referring images:
    ``overlap(truth, prediction) -> (intersections, unions)`` of masks [..., H, W];
    ``referring_scores(intersections, unions) -> ReferringScores`` (mIoU, oIoU, Pr@);
    ``generalized_scores(intersections, unions, no_target, predicted_none) ->
    GeneralizedScores`` (gIoU, cIoU, N-acc, T-acc).

Calibration:
    ``fit_line(evidence [N], positive [N]) -> Line`` (slope, offset); ``log_loss`` and
    ``reliability`` of probabilities; positive and negative pairs weigh the same.

Semantic segmentation:
    ``ConfusionMatrix(classes, ignore=255)``: ``update(truth, prediction)``, ``+=`` another,
        ``mean_iou(background="count" | "unlabelled" | "drop")``, ``class_iou``,
        ``pixel_accuracy``.

Panoptic segmentation:
    ``compare_segments(truth, segments, predicted, segments) -> PanopticCounts``: counts of one
        picture; ``+=`` another; ``quality(category)`` and ``mean(categories)`` give PQ, SQ, RQ.
    ``match_instances(size, truth, found)`` per picture, ``average_precision(pictures,
        categories)`` over all: COCO's AP by pycocotools. ``match_cityscapes(truth, found)`` and
        ``cityscapes_precision(pictures)``: that of Cityscapes' own script.

All values are fractions in [0, 1] (decay in [-1, 1]).
"""

from .cityscapes_ap import cityscapes_precision, match_cityscapes
from .confusion import ConfusionMatrix
from .contour import boundary_map, contour_accuracy
from .davis import SequenceScores, Task, score_sequence
from .flicker import flicker
from .generalized import GeneralizedScores, generalized_scores
from .instance_ap import average_precision, match_instances
from .panoptic import PanopticCounts, PanopticSegment, Quality, compare_segments
from .referring import ReferringScores, overlap, referring_scores
from .region import region_similarity
from .statistics import Statistics, frame_statistics
from .summary import ObjectScores, Summary, aggregate, official_csv

__all__ = [
    "ConfusionMatrix",
    "GeneralizedScores",
    "ObjectScores",
    "PanopticCounts",
    "PanopticSegment",
    "Quality",
    "ReferringScores",
    "SequenceScores",
    "Statistics",
    "Summary",
    "Task",
    "aggregate",
    "average_precision",
    "boundary_map",
    "cityscapes_precision",
    "compare_segments",
    "contour_accuracy",
    "flicker",
    "frame_statistics",
    "generalized_scores",
    "match_cityscapes",
    "match_instances",
    "official_csv",
    "overlap",
    "referring_scores",
    "region_similarity",
    "score_sequence",
]
