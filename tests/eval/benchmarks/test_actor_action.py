"""A2D-Sentences and JHMDB-Sentences: layouts, scores, masks of other tools."""

from __future__ import annotations

import json

import pytest
from car_video.eval.benchmarks import Options, make_benchmark
from car_video.eval.data import rle
from car_video.eval.metrics.referring import sentence_scores

from car_video.errors import DataError

from .. import video_builders
from ..fakes import ColourSpec


def summary(bench, predictions):
    items = bench.items()
    scores = {item.key: bench.score(item, predictions) for item in items}
    return bench.summarise(json.loads(json.dumps(scores)), items)


def predicted(bench, out):
    segmenters = ColourSpec().build()
    for item in bench.items():
        bench.predict(item, segmenters, out)


def test_sentences_of_a_video_are_items(tmp_path):
    bench = make_benchmark("a2d-sentences", video_builders.a2d_sentences(tmp_path), Options())
    items = bench.items()
    assert [(item.key, item.pictures) for item in items] == [
        ("_one/0", 2), ("_one/1", 1), ("two/0", 2), ("two/1", 1),
    ]  # fmt: skip
    assert items[0].payload.text == "the red square"
    assert [sample.place for sample in items[0].payload.samples] == [0, 2]


def test_frames_up_to_the_last_annotated_one_are_segmented(tmp_path):
    data = video_builders.jhmdb_sentences(tmp_path / "d")
    bench = make_benchmark("jhmdb-sentences", data, Options())
    segmenters = ColourSpec().build()
    (item, _) = bench.items()
    bench.predict(item, segmenters, tmp_path / "p")
    assert segmenters.clock.segmentations == 4
    assert len(list((tmp_path / "p" / item.key).glob("*.png"))) == 3
    predicted(bench, tmp_path / "p")
    results = summary(bench, tmp_path / "p").results
    assert (results["mAP"], results["oIoU"], results["P@0.9"]) == (1.0, 1.0, 1.0)


def test_a_coco_results_file(tmp_path):
    """Several masks of a sample: all count in mAP, the surest one in the rest."""
    data = video_builders.jhmdb_sentences(tmp_path / "d")
    bench = make_benchmark("jhmdb-sentences", data, Options())
    records = []
    for item in bench.items():
        for sample in item.payload.samples:
            for score, code in ((0.2, None), (0.9, sample.code)):
                code = code or rle.encode(video_builders.labels_of(0, 1) == 9)
                records.append({"image_id": sample.image, "score": score, "segmentation": code})
    path = tmp_path / "r.json"
    path.write_text(json.dumps(records))
    assert summary(bench, path).results["mAP"] == 1.0
    assert summary(bench, path).results["mIoU"] == pytest.approx(1.0)
    path = tmp_path / "short.json"
    path.write_text(json.dumps(records[2:]))
    with pytest.raises(DataError, match="image_id 'v_clip_a_f_1': no record"):
        summary(bench, path)


def test_thresholds_and_empty_unions():
    found = sentence_scores([50, 0, 60], [100, 0, 100])
    assert found.precision[0.5] == pytest.approx(2 / 3)  # one half is not above one half
    assert found.miou == pytest.approx((0.5 + 1 + 0.6) / 3)
    assert found.oiou == pytest.approx(110 / 200)


def test_files_of_different_versions(tmp_path):
    data = video_builders.a2d_sentences(tmp_path)
    path = data / "a2d_sentences_single_frame_test_annotations.json"
    path.write_text(path.read_text().replace("_one", "_two"))
    (data / "Release/clips320H/_one.mp4").rename(data / "Release/clips320H/_two.mp4")
    with pytest.raises(DataError, match=r"no image 'v__two_f_1_i_0'.*different versions"):
        make_benchmark("a2d-sentences", data, Options()).items()


@pytest.mark.parametrize(
    ("gone", "word"),
    [
        ("Release/clips320H/two.mp4", "two.mp4' is missing; add it from A2D"),
        ("a2d_sentences_test_annotations_in_coco_format.json", "MTTR and ReferFormer"),
    ],
)
def test_files_that_are_missing(tmp_path, gone, word):
    data = video_builders.a2d_sentences(tmp_path)
    (data / gone).unlink()
    with pytest.raises(DataError, match=word):
        make_benchmark("a2d-sentences", data, Options()).items()
