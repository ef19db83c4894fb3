"""Everyday phrases that a similarity is compared with, to see how unusual it is.

A similarity means nothing by itself: another model puts it on another scale, and some regions
are similar to every text. Against many phrases of many kinds it has a mean and a deviation.
"""

from __future__ import annotations

PEOPLE = (
    "a man", "a woman", "a boy", "a girl", "a baby", "a child", "a person", "a crowd",
    "a worker", "a player", "a face", "a hand", "a leg", "a head", "hair",
)  # fmt: skip
CLOTHES = (
    "a shirt", "trousers", "a dress", "a jacket", "a hat", "shoes", "a helmet", "glasses",
    "a tie", "a glove", "a scarf", "a backpack", "a handbag",
)  # fmt: skip
ANIMALS = (
    "a dog", "a cat", "a horse", "a cow", "a sheep", "a goat", "a pig", "a bird", "a duck",
    "a chicken", "a fish", "an elephant", "a bear", "a zebra", "a giraffe", "a lion",
    "a monkey", "a rabbit", "a mouse", "a snake", "a frog", "a turtle", "an insect",
    "a butterfly", "a camel", "a deer",
)  # fmt: skip
VEHICLES = (
    "a car", "a bus", "a truck", "a train", "a bicycle", "a motorcycle", "a boat", "a ship",
    "an airplane", "a helicopter", "a tractor", "a scooter", "a wheel", "a cart",
)  # fmt: skip
SPORT = (
    "a ball", "a racket", "a skateboard", "a surfboard", "skis", "a kite", "a net", "a goal",
    "a frisbee", "a baseball bat", "a swing", "a parachute",
)  # fmt: skip
INDOORS = (
    "a chair", "a table", "a sofa", "a bed", "a desk", "a lamp", "a shelf", "a cupboard",
    "a television", "a computer", "a keyboard", "a telephone", "a book", "a clock", "a vase",
    "a mirror", "a picture", "a curtain", "a carpet", "a pillow", "a sink", "a toilet",
    "a refrigerator", "an oven", "a bottle", "a cup", "a glass", "a bowl", "a plate", "a knife",
    "a spoon", "a pan", "a box", "a bag", "a basket", "a suitcase", "an umbrella", "a toy",
    "a guitar", "a piano", "a drum", "a candle", "paper", "a pen", "scissors",
)  # fmt: skip
FOOD = (
    "food", "an apple", "a banana", "an orange", "bread", "a cake", "a pizza", "a sandwich",
    "vegetables", "fruit", "meat", "coffee", "ice cream", "an egg", "cheese",
)  # fmt: skip
STUFF = (
    "grass", "sand", "snow", "ice", "water", "mud", "dirt", "gravel", "rocks", "leaves",
    "smoke", "fire", "clouds", "the sky", "wood", "metal", "stone", "brick", "concrete",
    "glass", "cloth", "a shadow", "a reflection", "the ground",
)  # fmt: skip
OUTDOORS = (
    "a tree", "a bush", "a flower", "a plant", "a hill", "a mountain", "a river", "a lake",
    "the sea", "a wave", "a beach", "a forest", "a field", "a garden", "a park", "a road",
    "a street", "a path", "a sidewalk", "a bridge", "a fence", "a wall", "a gate", "a pole",
    "a sign", "a traffic light", "a bench", "a house", "a building", "a tower", "a roof",
    "a window", "a door", "stairs", "a tent", "a flag", "a statue", "a fountain", "rails",
)  # fmt: skip
SCENES = (
    "a room", "a kitchen", "a bathroom", "an office", "a shop", "a restaurant", "a stadium",
    "a playground", "a farm", "a city", "a village", "a harbour", "an airport", "a station",
    "a desert", "a blurry background", "nothing", "a pattern", "text", "a line",
)  # fmt: skip

NULL_PHRASES = (
    *PEOPLE, *CLOTHES, *ANIMALS, *VEHICLES, *SPORT, *INDOORS, *FOOD, *STUFF, *OUTDOORS, *SCENES
)  # fmt: skip
