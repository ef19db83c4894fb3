"""How fast this machine is, and where the time of a frame goes.

``stopwatch``  time by part of the work
``clip``       a piece of a clip at another height
``run``        that piece segmented and written, part by part
``machine``    what it ran on, in words
"""

from car_video.profiling.clip import enlarged
from car_video.profiling.machine import about_machine
from car_video.profiling.run import PARTS, Profile, profile
from car_video.profiling.stopwatch import Stopwatch

__all__ = ["PARTS", "Profile", "Stopwatch", "about_machine", "enlarged", "profile"]
