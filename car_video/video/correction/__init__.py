"""Corrections: what a person says of single frames, carried to the frames around them.

The results so far stay as they are wherever a correction does not change them, so nothing here
has a part in a run without corrections. docs/corrections.md explains the rules.

Files in the order in which a correction meets them:

``anchors``      from clicks, a box or a mask to the mask of the corrected frame
``prompting``    how the mask model is asked for that
``matching``     where another frame resembles what is under that mask
``follower``     ``ObjectFollower``: the thing under it, followed
``group``        several things that an expression names together
``propagation``  one correction in one direction, until the result so far agrees
``meanings``     what a whole mask says of other frames
``change``       what a click says of them: the part that came or went
``answers``      masks of single expressions, put into predictions
``corrector``    how far each correction reaches, and all of one frame together
``clip``         corrections of a run that is done
``stream``       of frames that come one by one, held back where need be
``online``       of frames that are answered at once
``following``    things followed from masks alone, without a sentence
``alternatives`` other things that an expression may mean on a frame
"""
