"""Texts: what expressions say, and what is encoded of them.

``parsing``       expressions taken apart: nouns, places, colours, number, negation
``background``    words that compete and get no mask
``null_phrases``  everyday phrases that measure how unusual a similarity is
``grounds``       nouns of things with an outline, of what may move, of grounds and scenes
``templates``     sentences around texts
``embeddings``    ``TextBank``: each text is encoded once
``label_spaces``  class names of the semantic benchmarks
"""
