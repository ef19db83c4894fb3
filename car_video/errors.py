"""Errors that users can fix: one line that says what is wrong and what to do.

The command line prints the message and ends with exit code 2; library users catch
:class:`CarVideoError` or one of its kinds.
"""

from __future__ import annotations


class CarVideoError(Exception):
    """An error that the user can fix. The message is one line: what is wrong, what to do."""


class SourceError(CarVideoError):
    """A video, folder, camera or stream that cannot be read."""


class ModelError(CarVideoError):
    """An unknown model, missing or damaged weights, a device that is not there."""


class ConfigError(CarVideoError):
    """An unknown preset or key, or a value out of range."""


class ExpressionError(CarVideoError):
    """No expression, or one that is empty."""


class OutputError(CarVideoError):
    """An output folder or file that exists, cannot be written, or a full disk."""


class DataError(CarVideoError):
    """A benchmark folder, annotation or prediction that does not have the expected form."""


class CorrectionError(CarVideoError):
    """A correction that contradicts itself, or that does not fit the run."""
