"""Targets that go out of sight: behind something, or out of the frame."""

from __future__ import annotations

from tests.hard_cases.scene import (
    ROOM,
    SNOW,
    STREET,
    Actor,
    Scene,
    Shot,
    across,
    out_and_in,
    rest,
)

OCCLUSION = (
    Scene(
        "occlusion",
        "dog behind a suitcase",
        ("a black dog",),
        ("dog",),
        (Shot(ROOM),),
        (
            Actor("black dog", 140, across(730, 130, 400), 0),
            Actor("suitcase", 225, rest(430, 440), blur=0),
        ),
    ),
    Scene(
        "occlusion",
        "woman behind a bus",
        ("a woman in a black dress",),
        ("person",),
        (Shot(STREET),),
        (
            Actor("woman in black", 150, across(290, 800, 405), 0),
            Actor("white bus", 205, rest(545, 430), blur=0),
        ),
    ),
    Scene(
        "occlusion",
        "dog behind the clip's car",
        ("a black dog",),
        ("dog",),
        (Shot("car-turn", start=30),),
        (
            Actor(
                "black dog",
                85,
                ((0, 130, 335), (14, 400, 335), (30, 770, 335), (47, 810, 335)),
                0,
                flip=True,
            ),
        ),
        behind_clip_object=True,
    ),
    Scene(
        "occlusion",
        "bear behind the legs of the clip's elephant",
        ("a white bear",),
        ("bear",),
        (Shot("elephant"),),
        (Actor("white bear", 120, across(90, 760, 390), 0, flip=True),),
        behind_clip_object=True,
    ),
    Scene(
        "occlusion",
        "car behind a bus",
        ("a red car",),
        ("car",),
        (Shot("motorbike"),),
        (
            Actor("red car", 95, across(90, 760, 330), 0),
            Actor("green bus", 200, across(800, 110, 410)),
        ),
    ),
)

LEAVE = (
    Scene(
        "leave",
        "elephant out and in",
        ("an elephant",),
        ("elephant",),
        (Shot("horsejump-low"),),
        (Actor("dark elephant", 200, out_and_in(430), 0, flip=True),),
    ),
    Scene(
        "leave",
        "bus out and in",
        ("a red bus",),
        ("bus",),
        (Shot("motorbike"),),
        (Actor("red bus", 170, out_and_in(400), 0, flip=True),),
    ),
    Scene(
        "leave",
        "woman out and in",
        ("a woman in a black dress",),
        ("person",),
        (Shot("car-turn"),),
        (Actor("woman in black", 210, out_and_in(440, 520, 960, -110), 0),),
    ),
    Scene(
        "leave",
        "bear out and in",
        ("a white bear",),
        ("bear",),
        (Shot(SNOW),),
        (Actor("white bear", 170, out_and_in(430), 0, flip=True),),
    ),
)
