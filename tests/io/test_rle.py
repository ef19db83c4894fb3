import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra import numpy as hnp
from pycocotools import mask as coco

from car_video.errors import DataError
from car_video.io.rle import decode_rle, parse_counts

masks = hnp.arrays(bool, st.tuples(st.integers(1, 40), st.integers(1, 40)))


def naive_runs(mask):
    """Count down the columns, starting with what is outside."""
    runs, current = [0], False
    for value in mask.T.ravel():
        if value != current:
            runs.append(0)
            current = value
        runs[-1] += 1
    return runs


@settings(deadline=None, max_examples=100)
@given(masks)
def test_reads_what_pycocotools_writes(mask):
    code = coco.encode(np.asfortranarray(mask, np.uint8))
    np.testing.assert_array_equal(parse_counts(code["counts"]), naive_runs(mask))
    np.testing.assert_array_equal(decode_rle(code), mask)
    text = {"size": list(mask.shape), "counts": code["counts"].decode()}
    np.testing.assert_array_equal(decode_rle(text), mask)
    runs = {"size": list(mask.shape), "counts": naive_runs(mask)}
    np.testing.assert_array_equal(decode_rle(runs), mask)


@pytest.mark.parametrize("size", [(480, 854), (1080, 1920), (4320, 7680)])
def test_large_masks(size):
    mask = np.zeros(size, bool)
    mask[size[0] // 3 : size[0] // 2, size[1] // 5 :] = True
    code = coco.encode(np.asfortranarray(mask, np.uint8))
    np.testing.assert_array_equal(decode_rle(code), mask)


@settings(deadline=None, max_examples=200)
@given(st.one_of(st.text(max_size=30), st.binary(max_size=30)))
def test_noise_is_refused_or_fills_the_mask(noise):
    code = {"size": [7, 9], "counts": noise}
    try:
        fills = parse_counts(noise).sum() == 63 and parse_counts(noise).min() >= 0
    except ValueError:
        fills = False
    if fills:
        assert decode_rle(code).shape == (7, 9)
    else:
        with pytest.raises(DataError, match="damaged"):
            decode_rle(code)


@pytest.mark.parametrize(
    "counts", ["", "01:00", b"\xff\xfe", [10, 20], [10, 200], [-5, 105], [1.5, 98.5], None, "é"]
)
def test_codes_that_do_not_fill_the_mask_are_refused(counts):
    with pytest.raises(DataError, match="damaged run-length code"):
        decode_rle({"size": [10, 10], "counts": counts})


def test_a_bad_size_is_refused():
    for size in ([10], "ab", None, [10, -10]):
        with pytest.raises(DataError, match="damaged run-length code"):
            decode_rle({"size": size, "counts": [100]})
