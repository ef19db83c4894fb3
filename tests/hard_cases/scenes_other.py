"""Cuts to other places, targets that never come, a camera that shakes."""

from __future__ import annotations

from tests.hard_cases.scene import ROOM, STREET, Actor, Scene, Shot, across

CUT = (
    Scene(
        "cut",
        "dog, tennis, dog",
        ("a black dog",),
        ("dog",),
        (Shot(ROOM, 16), Shot("tennis", 16), Shot("lucia", 16)),
        (
            Actor("black dog", 170, across(740, 100, 420), 0, shots=(0,)),
            Actor("black dog", 120, across(0, 740, 455), 0, flip=True, shots=(2,)),
        ),
    ),
    Scene(
        "cut",
        "elephant from the second shot on",
        ("an elephant",),
        ("elephant",),
        (Shot("car-turn", 20), Shot("horsejump-low", 28)),
        (Actor("dark elephant", 190, across(250, 600, 430), 0, shots=(1,)),),
    ),
    Scene(
        "cut",
        "bus, bus elsewhere, no bus",
        ("a red bus",),
        ("bus",),
        (Shot("motorbike", 16), Shot(STREET, 16), Shot("breakdance-flare", 16)),
        (
            Actor("red bus", 170, across(620, 200, 400), 0, shots=(0,)),
            Actor("red bus", 120, across(520, 380, 380), 0, shots=(1,)),
        ),
    ),
    Scene(
        "cut",
        "woman, bear, woman",
        ("a woman in a black dress",),
        ("person",),
        (Shot(STREET, 16), Shot("bear", 16), Shot("car-turn", 16)),
        (
            Actor("woman in black", 190, across(300, 560, 430), 0, shots=(0,)),
            Actor("woman in black", 230, across(420, 700, 450), 0, shots=(2,)),
        ),
    ),
)

ABSENT = (
    Scene("absent", "a dog at sea", ("a dog",), ("dog",), (Shot("boat"),)),
    Scene(
        "absent",
        "a cat where a dog is",
        ("a cat",),
        ("cat",),
        (Shot(ROOM),),
        (Actor("black dog", 160, across(690, 160, 410)),),
    ),
    Scene(
        "absent",
        "an elephant where a bus is",
        ("an elephant",),
        ("elephant",),
        (Shot("motorbike"),),
        (Actor("red bus", 160, across(690, 160, 400)),),
    ),
    Scene(
        "absent", "a bus at the riding ground", ("a bus",), ("bus",), (Shot("horsejump-low"),)
    ),
    Scene(
        "absent",
        "a horse and a person at the bear's",
        ("a horse", "a person"),
        ("horse", "person"),
        (Shot("bear"),),
    ),
)

SHAKE = (
    Scene(
        "shake",
        "bear",
        ("a brown bear",),
        ("bear",),
        (Shot("horsejump-low"),),
        (Actor("brown bear", 170, across(620, 250, 420), 0),),
    ),
    Scene(
        "shake",
        "cat",
        ("a cat",),
        ("cat",),
        (Shot(ROOM),),
        (Actor("cat", 190, across(250, 430, 420), 0),),
    ),
    Scene(
        "shake",
        "car",
        ("a red car",),
        ("car",),
        (Shot("motorbike"),),
        (Actor("red car", 130, across(200, 640, 390), 0),),
    ),
    Scene(
        "shake",
        "woman",
        ("a woman in a black dress",),
        ("person",),
        (Shot(STREET),),
        (Actor("woman in black", 190, across(300, 600, 430), 0),),
    ),
)
