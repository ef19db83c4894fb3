import numpy as np
import pytest

from benchmarks.hard_cases import line, make_segmenter, row, run_case
from car_video import Frame, FramePrediction
from tests.hard_cases.generate import Moment
from tests.hard_cases.score import KindScore, QueryScore
from tests.segment.colour_model import PLAIN, ColourModel


class Colours:
    """A clip of six frames: a red square that is there in the last four."""

    kind, name, expressions = "cut", "red", ("the red square",)

    def __len__(self) -> int:
        return 6

    def at(self, frame: int) -> Moment:
        image = np.zeros((30, 40, 3), np.uint8)
        image[5:20, 3 * frame : 3 * frame + 15, 0] = 255 * (frame >= 2)
        mask = image[None, ..., 0] > 0
        return Moment(image, mask, np.zeros_like(mask), np.array([float(mask.any())]))


class Steady(Colours):
    """Its last four frames."""

    def __len__(self) -> int:
        return 4

    def at(self, frame: int) -> Moment:
        return super().at(frame + 2)


class Red:
    """Segments what is red."""

    def step(self, frame: Frame) -> FramePrediction:
        mask = frame.image[None, ..., 0] > 128
        present = mask.any((1, 2))
        scores = present.astype(np.float32)
        return FramePrediction(
            frame.index, frame.time, ("the red square",), mask, scores, present
        )


@pytest.mark.parametrize("every", [1, 2])
def test_predictions_meet_their_own_truth(every):
    (score,) = run_case(Red(), Colours(), every)
    assert (score.presence, score.j, score.delays) == (1, 1, (0,))


@pytest.mark.parametrize("mode", ["per-frame", "online", "offline"])
def test_every_mode(mode):
    """On a model that sees colours; a mode is given to the segmenter, not only printed."""
    segmenter = make_segmenter(mode, ColourModel(), Steady.expressions, PLAIN)
    inner = getattr(segmenter, "segmenter", segmenter)
    assert inner.video.mode == mode
    (score,) = run_case(segmenter, Steady(), 1)
    assert score.presence == 1
    assert score.j > 0.8


def test_lines_of_the_table():
    mean = KindScore("cut", 4, 0.5, 0.25, float("nan"), float("nan"), 2.0)
    assert row(mean) == "| cut | 4 | 0.500 | 0.250 | - | - | 2.0 |"
    score = QueryScore("crossing", "two dogs", "a dog", 1.0, 0.5, ("named", "other"), (3,))
    assert line(score) == (
        "crossing: two dogs: a dog: presence 1.000 J 0.500  named -> other  delays [3]"
    )


def test_an_unknown_mode_is_refused():
    with pytest.raises(ValueError, match="mode 'backwards' is not one of per-frame"):
        make_segmenter("backwards", None, ("a dog",), None)
