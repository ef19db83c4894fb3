"""When what is done.

``clock``      seconds from frame to frame, whatever the times of a source are like
``keyframes``  scene cuts, and which frames language sees
``scenes``     parts of a video that can be segmented apart
``levels``     levels of quality, and the settings at each
``pace``       chooses the level that keeps a number of frames per second
"""
