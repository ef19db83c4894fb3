"""Tracks: rival masks of each expression, followed with SAM, optical flow and feature memory,
or with a video memory.

``timing``           seconds between frames
``frames``           a frame as the tracker gets it, with language or between keyframes
``turns``            which expressions language prompts SAM for, when there are many
``sam_candidates``   masks that SAM offers: at peaks of maps, for boxes of tracks, in a window
``search_window``    the part of a frame that SAM sees between keyframes
``motion``           optical flow by block matching
``own_motion``       what moves beside the camera, as evidence for the things that are named
``mask_tensors``     masks moved with the flow, and mean features under them
``propagation``      where things are on the next frame: the protocol, and the flow
``memory_propagation``  the same by a video memory
``tracks``           which candidate continues which track, and the ranking of tracks
``appearance``       what each expression's object looks like
``joint_decision``   which track each expression takes, decided for all together
``state``            what goes from frame to frame
``track_selection``  the state when expressions come and go
``tracker``          ``Tracker``: all of it, in order
``handover``         tracks of one pass given to the tracker of another
``hindsight``        which track each expression takes when a window was followed both ways
"""
