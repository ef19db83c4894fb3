from __future__ import annotations

import numpy as np
import pytest

from car_video.serve.latency import KEPT, Latencies


def test_percentiles_of_the_newest():
    figures = Latencies()
    assert figures.percentile(50) is None
    for value in [100.0] * KEPT + list(range(KEPT)):
        figures.add(value)
    assert figures.count == 2 * KEPT
    assert figures.percentile(95) == pytest.approx(np.percentile(np.arange(KEPT), 95))
