"""Settings of all tests.

Examples of properties are the same in every run, so that a run says something about a change.
``pytest --hypothesis-profile=search`` looks for new ones.

Ctrl-C works in tests however they were started: a shell's background job ignores SIGINT, and so
would every process that a test starts and interrupts.
"""

from __future__ import annotations

import signal

from hypothesis import settings

signal.signal(signal.SIGINT, signal.default_int_handler)

settings.register_profile("same", derandomize=True)
settings.register_profile("search", derandomize=False)
settings.load_profile("same")
