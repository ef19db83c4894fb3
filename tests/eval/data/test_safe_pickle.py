from __future__ import annotations

import pickle
from collections import OrderedDict

import pytest
from car_video.eval.data.safe_pickle import load_plain_pickle

from car_video.errors import DataError

PLAIN = [{"ref_id": 1, "raw": "the man", "ids": (1, 2.5, None, True), "unicode": "é"}]


class Evil:
    def __reduce__(self):
        return (print, ("this must never run",))


@pytest.mark.parametrize("protocol", range(pickle.HIGHEST_PROTOCOL + 1))
def test_plain_data_is_read(tmp_path, protocol):
    (tmp_path / "refs(unc).p").write_bytes(pickle.dumps(PLAIN, protocol))
    assert load_plain_pickle(tmp_path / "refs(unc).p", "refs") == PLAIN


def test_python_2_strings_are_read(tmp_path):
    (tmp_path / "x.p").write_bytes(b"\x80\x02U\x05caf\xe9!q\x00.")
    assert load_plain_pickle(tmp_path / "x.p", "refs") == "café!"


@pytest.mark.parametrize("value", [Evil(), OrderedDict(a=1), len, {"deep": [Evil()]}])
@pytest.mark.parametrize("protocol", [0, 2, 4])
def test_every_global_is_refused(tmp_path, capsys, value, protocol):
    (tmp_path / "x.p").write_bytes(pickle.dumps(value, protocol))
    with pytest.raises(DataError, match="refused"):
        load_plain_pickle(tmp_path / "x.p", "refs")
    assert capsys.readouterr().out == ""


@pytest.mark.parametrize("data", [b"", b"garbage", pickle.dumps(PLAIN)[:20], b"\x80\x02P1\n."])
def test_damaged_pickles_are_one_line(tmp_path, data):
    (tmp_path / "x.p").write_bytes(data)
    with pytest.raises(DataError, match=r"x\.p") as info:
        load_plain_pickle(tmp_path / "x.p", "refs")
    assert "\n" not in str(info.value)
