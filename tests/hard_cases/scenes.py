"""All hard cases, as data: which objects move where, over which background.

Backgrounds never show the noun of a target (checked when a case is made).
"""

from __future__ import annotations

from tests.hard_cases.scene import Scene
from tests.hard_cases.scenes_crossing import CROSSING
from tests.hard_cases.scenes_hidden import LEAVE, OCCLUSION
from tests.hard_cases.scenes_other import ABSENT, CUT, SHAKE

SCENES: tuple[Scene, ...] = (*OCCLUSION, *LEAVE, *CUT, *CROSSING, *ABSENT, *SHAKE)
