"""Expressions taken apart, by rules of English (docs/places.md).

``wording``       what was typed: checked, and compared
``requests``      what only asks for a thing: "find the dog"
``word_classes``  what kind of word a word is (lists: ``word_classes.yaml``)
``roles``         what each word does in its expression
``noun_groups``   noun phrases, and what each is to the one that is named
``expression``    head noun phrase, attributes and context
``nouns``         forms of a noun under which a dictionary may have it
``negation``      words that a negation reaches
``places``        words of place, by the grammar of ``place_words``
``colours``       colours of the target, by the lists of ``colour_words``
``plural``        whether several things are named
``conjunction``   the parts of "the dog and the cat"
``paraphrase``    which expressions of a run may name the same thing
"""
