from __future__ import annotations

import json

from car_video.models.licences import shipped_parts


def test_the_table_has_every_part_and_its_data(cli):
    code, out, err = cli("licences")
    assert (code, err) == (0, "")
    for part in shipped_parts():
        assert part.what in out
        assert all(data.name in out for data in part.data)


def test_as_json(cli):
    code, out, _ = cli("licences", "--json")
    assert code == 0
    assert [row["what"] for row in json.loads(out)] == [part.what for part in shipped_parts()]
