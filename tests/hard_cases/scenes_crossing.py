"""Two objects of one noun that cross; the sentence tells them apart by a colour."""

from __future__ import annotations

from tests.hard_cases.scene import MEADOW, ROOM, Actor, Scene, Shot, across, rest

CROSSING = (
    Scene(
        "crossing",
        "dog in front of a lying dog",
        ("a black dog", "a white dog"),
        ("dog", "dog"),
        (Shot(ROOM),),
        (
            Actor("white dog", 95, rest(410, 400), 1, blur=0),
            Actor("black dog", 160, across(730, 110, 430), 0),
        ),
    ),
    Scene(
        "crossing",
        "two bears",
        ("a white bear", "a brown bear"),
        ("bear", "bear"),
        (Shot("horsejump-low"),),
        (
            Actor("white bear", 130, across(150, 700, 390), 0, flip=True),
            Actor("brown bear", 150, across(700, 150, 430), 1),
        ),
    ),
    Scene(
        "crossing",
        "two buses",
        ("a red bus", "a green bus"),
        ("bus", "bus"),
        (Shot("motorbike"),),
        (
            Actor("red bus", 130, across(150, 690, 370), 0, flip=True),
            Actor("green bus", 150, across(700, 150, 410), 1),
        ),
    ),
    Scene(
        "crossing",
        "two cars",
        ("a red car", "a silver car"),
        ("car", "car"),
        (Shot("motorbike"),),
        (
            Actor("red car", 110, across(140, 700, 360), 0),
            Actor("silver car", 120, across(720, 140, 400), 1),
        ),
    ),
    Scene(
        "crossing",
        "two women",
        ("a woman in a red shirt", "a woman in a black dress"),
        ("person", "person"),
        (Shot("car-turn"),),
        (
            Actor("woman in red", 190, across(640, 220, 410), 0),
            Actor("woman in black", 210, across(200, 660, 440), 1),
        ),
    ),
    Scene(
        "crossing",
        "two elephants",
        ("a dark brown elephant", "a light grey elephant"),
        ("elephant", "elephant"),
        (Shot("lucia"),),
        (
            Actor("pale elephant", 200, across(640, 200, 420), 1, flip=True),
            Actor("dark elephant", 190, across(200, 650, 440), 0, flip=True),
        ),
    ),
    Scene(
        "crossing",
        "boy in front of a man",
        ("a boy in a red shirt",),
        ("person",),
        (Shot(MEADOW),),
        (
            Actor("man in yellow", 230, across(640, 260, 460)),
            Actor("boy in red", 170, across(200, 640, 470), 0),
        ),
    ),
    Scene(
        "crossing",
        "bear behind a bear",
        ("a brown bear",),
        ("bear",),
        (Shot("car-turn"),),
        (
            Actor("brown bear", 130, across(680, 180, 400), 0),
            Actor("white bear", 140, across(180, 660, 430), flip=True),
        ),
    ),
)
