"""Measure where on a person garments are, and how much colours say of who or what is meant.

    python -m tools.fit_colours --clothes CCP --captions COCO --cache DIR
        [--people 300] [--things 600] [--out car_video/weights/colours.json]

``CCP`` is a checkout of *Clothing Co-Parsing* (github.com/bearpaw/clothing-co-parsing), whose
masks of garments tell where they are. ``COCO`` is a folder of captioned photos, as
``tools/build_lite`` reads it: their captions say which colour people call what. Printed is how
often two people or things are told apart by the colour alone, written are all numbers.

``photos``    people with masks of garments, row by row
``fitting``   profiles of garments, pairs of people, the logistic
``captions``  captioned photos, and the masks of what has a colour
``lines``     what a colour says, by captions
``__main__``  the command
"""
