from __future__ import annotations

import pytest

from car_video.errors import ConfigError
from car_video.text.label_spaces import label_space


@pytest.mark.parametrize(
    ("name", "classes", "stuff"),
    [("voc", 20, 0), ("coco-object", 80, 0), ("context", 59, 21), ("ade", 150, 25)],
)
def test_sizes(name, classes, stuff):
    space = label_space(name)
    assert len(space.names) == len(set(space.names)) == classes
    assert len(space.stuff) == stuff
    assert len(space.things) == classes - stuff
    assert sorted(space.things + space.stuff) == list(range(classes))


def test_wordings_of_the_paper_are_kept():
    assert label_space("voc").names[14] == "person with clothes,people,human"
    assert label_space("coco-object").names[31] == "sknowboard"
    assert label_space("ade").names[1] == "building, edifice"
    context = label_space("context")
    assert context.names == tuple(sorted(context.names, key=_original_name))


def _original_name(name: str) -> str:
    """PASCAL Context sorts by the original names, which CaR reworded in three places."""
    return {"airplane": "aeroplane", "plant": "pottedplant", "monitor": "tvmonitor"}.get(
        name, name
    )


def test_stuff_is_stuff():
    ade, context = label_space("ade"), label_space("context")
    assert [ade.names[i] for i in ade.stuff[:4]] == ["wall", "sky", "floor, flooring", "tree"]
    assert "sky" in [context.names[i] for i in context.stuff]
    assert "dog" in [context.names[i] for i in context.things]


def test_unknown_name():
    with pytest.raises(ConfigError, match=r"there are: voc, coco-object, context, ade$"):
        label_space("coco")
