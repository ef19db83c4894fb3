"""The page ``car-video ui``: look, correct, refine and export in the browser (docs/page.md).

Only ``interface`` and ``server`` know gradio, and only they import it.

In the order in which an action of a person meets them:

``server``      the page on a port: this computer alone, or a password
``interface``   widgets, and which of them does what; ``assets`` has scripts and style
``sessions``    who has the page open; nobody gets at what another one has made
``pages``       what happens when a person does something
``session``     ``Session``: one open page
``outbox``      replies to it, which wait until its browser asks
``limits``      what it takes, and what is said of the rest
``clip``        the video or picture, every frame in reach
``work``        all that was made of it, as values; undo and redo
``engine``      the models, loaded once for all
``turns``       who has them now; whoever has waited longest goes first
``remembered``  pictures that the models have encoded
``asking``      single frames: masks, alternatives, clicks and boxes
``job``         long work beside the page: progress, cancel
``working``     a run, and corrections that are carried on
``timeline``    presence and score over the frames, and where they are weak
``command``     the command line that does the same
``downloads``   files to take away
``project``     everything in a zip, and back
``drawing``     pictures for the browser
``words``       numbers in words
``views``       everything that the page shows, as text
"""
