"""Which back end is taken: by name, or by what was measured. Stand-ins for the libraries."""

from __future__ import annotations

import pytest
import torch

from car_video.backends import building, choice, comparing, replacing
from car_video.backends.catalog import Backend
from car_video.backends.choice import computed_by
from car_video.backends.comparing import Measured, best_of
from car_video.backends.replacing import hosts_of
from car_video.errors import ConfigError, ModelError
from car_video.models.pair import as_pair
from tests.backends.hosts import TinyHost, drawn_masks

GOOD = Backend("onnx", "good", "onnx", ())
OTHER = Backend("openvino", "other", "openvino", ())
WRONG = Backend("onnx-int8", "wrong", "onnx", (), int8=True)
BROKEN = Backend("openvino-int8", "broken", "openvino", (), int8=True)


class Doubling:
    """An encoder that multiplies the maps of a host by a factor."""

    def __init__(self, host, factor):
        self.host, self.factor = host, factor

    def __call__(self, prepared):
        return tuple(one * self.factor for one in self.host.encode_by_torch(prepared))


@pytest.fixture
def backends(monkeypatch):
    """Four back ends: two whose masks are torch's, one whose are others, one that fails."""
    made = []

    def build(host, backend):
        made.append(backend.name)
        if backend is BROKEN:
            raise ModelError("cannot")
        return Doubling(host, -1.0 if backend is WRONG else 2.0)

    class Runtime:
        def version(self):
            return "1"

    known = (GOOD, OTHER, WRONG, BROKEN)
    for module in (comparing, replacing):
        monkeypatch.setattr(module, "build", build)
    for module in (choice, comparing):
        monkeypatch.setattr(module, "installed", lambda: list(known))
    for module in (choice, replacing):
        monkeypatch.setattr(
            module, "backend_named", lambda name: {b.name: b for b in known}[name]
        )
    monkeypatch.setattr(choice, "runtime_of", lambda backend: Runtime())
    return made


@pytest.fixture
def times(monkeypatch):
    """Milliseconds as they are measured."""
    found = {"torch": 100.0, "onnx": 60.0, "openvino": 50.0, "onnx-int8": 10.0}
    monkeypatch.setattr(comparing, "milliseconds", lambda encoders, example: found)
    return found


def test_torch_changes_nothing():
    pair = as_pair(TinyHost())
    found = computed_by("torch", pair, None, drawn_masks)
    assert found.pair is pair
    assert found.backends == {"the tiny encoder": "torch"}


def test_a_back_end_by_name_leaves_the_model_as_it_is(backends):
    pair = as_pair(TinyHost())
    found = computed_by("onnx", pair, None, drawn_masks)
    assert isinstance(found.pair.proposer.encoder, Doubling)
    assert found.pair.proposer.network is pair.proposer.network
    assert found.pair.shared
    assert pair.proposer.encoder is None


def test_a_network_in_int8_that_makes_other_masks_is_refused(backends):
    pair = as_pair(TinyHost())
    for _ in range(2):  # the second time from the cache
        with pytest.raises(
            ModelError, match=r"IoU 0\.0\d\d, at least 0\.98.*--backend auto or onnx$"
        ):
            computed_by("onnx-int8", pair, None, drawn_masks)


def test_auto_takes_the_fastest_that_agrees_and_remembers_it(backends, times):
    pair = as_pair(TinyHost())
    found = computed_by("auto", pair, None, drawn_masks)
    assert found.backends == {"the tiny encoder": "openvino"}
    assert isinstance(found.pair.proposer.encoder, Doubling)
    backends.clear()
    times["openvino"] = 1000.0
    again = computed_by("auto", as_pair(TinyHost()), None, drawn_masks)
    assert again.backends == found.backends
    assert backends == ["openvino"], "nothing was measured anew"
    assert computed_by("auto", as_pair(TinyHost(2)), None, drawn_masks).backends == {
        "the tiny encoder": "onnx"
    }, "other weights are another choice"


def test_auto_stays_with_torch_where_nothing_is_gained(backends, times):
    times.update({"onnx": 99.0, "openvino": 101.0})
    pair = as_pair(TinyHost())
    found = computed_by("auto", pair, None, drawn_masks)
    assert found.backends == {"the tiny encoder": "torch"}
    assert found.pair.proposer is pair.proposer


def test_auto_measures_nothing_where_nothing_is_installed(monkeypatch):
    monkeypatch.setattr(choice, "installed", list)
    pair = as_pair(TinyHost())
    assert computed_by("auto", pair, None, drawn_masks).pair.proposer is pair.proposer


def test_the_best_of_a_table():
    torch_alone = {"torch": Measured(100, 1.0)}
    assert best_of(torch_alone) == "torch"
    assert best_of(torch_alone | {"a": Measured(90, 0.99), "b": Measured(80, 0.985)}) == "b"
    assert best_of(torch_alone | {"a": Measured(10, 0.979)}) == "torch"
    assert best_of(torch_alone | {"a": Measured(96, 1.0)}) == "torch"
    assert best_of(torch_alone | {"a": Measured(float("inf"), 0.0, "cannot")}) == "torch"


class OnGpu(TinyHost):
    device = torch.device("cuda")


def test_a_gpu_is_torch_s():
    pair = as_pair(OnGpu())
    assert computed_by("auto", pair, None, drawn_masks).pair is pair


@pytest.mark.parametrize(
    ("model", "name", "message"),
    [
        (OnGpu(), "onnx", "computes on the CPU; add --device cpu"),
        (TinyHost(), "abacus", "unknown --backend 'abacus'"),
    ],
)
def test_what_cannot_be_is_one_line(model, name, message, monkeypatch):
    known = choice.backend_named
    monkeypatch.setattr(choice, "backend_named", lambda n: GOOD if n == "onnx" else known(n))
    with pytest.raises((ConfigError, ModelError), match=message):
        computed_by(name, as_pair(model), None, drawn_masks)


class NoHost:
    name, device = "plain", torch.device("cpu")

    def encode_image(self, pixels):
        return pixels


def test_a_model_without_such_an_encoder_is_told(backends):
    pair = as_pair(NoHost())
    assert hosts_of(pair, None) == []
    assert computed_by("auto", pair, None, drawn_masks).pair is pair
    with pytest.raises(ModelError, match="knows no encoder of 'plain'"):
        computed_by("onnx", pair, None, drawn_masks)


def test_a_failed_export_is_one_line_and_says_how_to_go_on(monkeypatch):
    def broken(*_):
        raise RuntimeError("an operator\nis unknown")

    monkeypatch.setattr(building, "export", broken)
    monkeypatch.setattr(building, "runtime_of", lambda backend: None)
    with pytest.raises(ModelError) as caught:
        building.build(TinyHost(), GOOD)
    assert str(caught.value) == (
        "--backend onnx cannot compute the tiny encoder (an operator is unknown); use "
        "--backend torch"
    )
