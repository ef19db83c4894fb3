"""Does the choice of the object hold on sequences, sentences and pictures that nothing was
chosen on?

``sequences``  frames, masks and sentences of ``ref-video-dev``
``folds``      what is fitted leaves out the group that it is scored on
``sharing``    encoders that answer twice for one picture with one computation
``video``      one sequence with every kind of sentence: J, F, presence, time
``images``     one picture of refcoco-dev, coco-dev or voc-dev, scored as car-eval scores it
``plan``       what a run consists of: tasks, settings, where their records are
``work``       tasks that have no record yet, by one or several processes
``statistics`` means with bootstrap intervals over groups; presence at a fixed recall
``table``      the Markdown of sequences
``image_table`` the Markdown of pictures
``comparison`` paired differences of two runs
``__main__``   the command
``candidates`` SAM's candidates and the features of frames, kept
``choice``     which of the kept candidates a scoring function takes; a command of its own
``border``     the fit of the weight of the picture's border on the kept candidates
"""
