"""Does the choice of the object hold on sequences and sentences that nothing was chosen on?

``sequences``  frames, masks and sentences of ``ref-video-dev``
``sharing``    encoders that answer twice for one picture with one computation
``run``        one sequence with every kind of sentence: J, F, presence, time
``statistics`` means with bootstrap intervals over sequences; presence at a fixed recall
``table``      the Markdown
``__main__``   the command
"""
