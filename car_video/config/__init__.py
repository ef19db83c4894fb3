"""Configuration as data: one dataclass per part, defaults in one place, YAML presets.

A preset overrides some of the defaults, or those of a preset that it extends; unknown keys are
errors, so no key can be dead. Nothing here imports torch.

``checks``     base of every configuration: types and ranges, checked in one place
``masks``      settings of SAM and of the dense CRF
``segment``    settings of the image algorithm
``video``      settings of the video algorithm
``schema``     ``Config``, all of them together
``cache``      the folder in which weights and calibrations are kept
``number_files``  fitted numbers read from small JSON files
``calibration``  how sure a model's evidence makes, from a JSON file
``loading``    presets and YAML files, and what they extend
"""

from car_video.config.loading import from_mapping, load_preset, preset_names
from car_video.config.masks import (
    FAST_CRF,
    AutomaticConfig,
    CrfConfig,
    DetectorConfig,
    SamRefineConfig,
)
from car_video.config.schema import Config
from car_video.config.segment import (
    POOLED,
    PROMPTED,
    CamOptions,
    ClassifierConfig,
    ExpressionConfig,
    ProposalConfig,
    RecurrenceConfig,
    SegmentConfig,
)
from car_video.config.video import VideoConfig

__all__ = [
    "FAST_CRF",
    "POOLED",
    "PROMPTED",
    "AutomaticConfig",
    "CamOptions",
    "ClassifierConfig",
    "Config",
    "CrfConfig",
    "DetectorConfig",
    "ExpressionConfig",
    "ProposalConfig",
    "RecurrenceConfig",
    "SamRefineConfig",
    "SegmentConfig",
    "VideoConfig",
    "from_mapping",
    "load_preset",
    "preset_names",
]
