"""Things that fill the picture: flat maps, high and low."""

from __future__ import annotations

import pytest
import torch
from torch import Tensor

from car_video.config import ProposalConfig
from car_video.models.base import ImageFeatures
from car_video.segment.evidence import CosineScale
from car_video.segment.proposals.filling import filled_if_flat, lifted, parts
from car_video.segment.proposals.gradcam import min_max
from car_video.segment.proposals.maps import Proposer
from tests.segment.colour_model import ColourModel
from tests.segment.proposals.test_maps import texts_of

ONE = torch.tensor([0])


def proposer_of(colours: Tensor, names: list[str], words: tuple[str, ...]) -> Proposer:
    """Of a picture whose quarters have these colours, [2, 2, 3]."""
    model = ColourModel()
    pixels = colours.permute(2, 0, 1)[None].repeat_interleave(16, 2).repeat_interleave(24, 3)
    features: ImageFeatures = model.encode_image(pixels)
    scale = CosineScale(20.0)
    return Proposer(
        model, features, texts_of(model, names, words), ProposalConfig(), scale=scale
    )


def all_of(*colour: float) -> Tensor:
    return torch.tensor(colour).expand(2, 2, 3)


RED, GREEN = all_of(1, 0, 0), all_of(0, 1, 0)


def test_a_flat_map_is_the_whole_picture_where_the_thing_fills_it() -> None:
    fills = torch.tensor([0.9, 0.4])
    maps = min_max(torch.full((2, 3, 4), 0.7))
    assert (maps == 0).all()
    found = filled_if_flat(maps, fills)
    torch.testing.assert_close(found[0], torch.full((3, 4), 0.9))
    assert (found[1] == 0).all()


def test_maps_that_are_not_flat_stay() -> None:
    maps = torch.rand(2, 3, 4, generator=torch.Generator().manual_seed(0))
    assert torch.equal(filled_if_flat(maps, torch.tensor([0.9, 0.4])), maps)


@pytest.mark.parametrize("even", [False, True])
def test_maps_are_lifted_only_where_a_thing_fills_the_picture(even: bool) -> None:
    maps = torch.rand(2, 3, 4, generator=torch.Generator().manual_seed(0))
    found = lifted(maps, torch.tensor([0.8, 0.5]), even)
    assert torch.equal(found[1], maps[1])
    assert found[0].min() >= 0.8
    assert found[0].max() <= (0.8001 if even else 1.0)
    if not even:
        assert found[0].argmax() == maps[0].argmax()


def test_parts_are_means() -> None:
    dense = torch.arange(2 * 4 * 8, dtype=torch.float32).view(2, 4, 8)
    found = parts(dense)
    assert found.shape == (2, 8, 1)
    torch.testing.assert_close(found[1, 1, 0], dense[1, :2, 4:].mean())
    torch.testing.assert_close(found[1, 5, 0], dense[1, 3:].mean())
    torch.testing.assert_close(found[0, 6, 0], dense[0, :, :2].mean())


def test_one_colour_everywhere_is_found_everywhere() -> None:
    proposer = proposer_of(RED, ["a red ball"], ("a green frog",))
    assert proposer.fills(ONE) > 0.9
    assert proposer.maps(ONE).min() > 0.9


def test_another_colour_everywhere_is_found_nowhere() -> None:
    proposer = proposer_of(GREEN, ["a red ball"], ("a green frog",))
    assert proposer.fills(ONE) < 0.1
    assert proposer.maps(ONE).max() == 0


def test_one_quarter_of_something_else_is_enough() -> None:
    mixed = RED.clone()
    mixed[1, 1] = GREEN[0, 0]
    proposer = proposer_of(mixed, ["a red ball"], ("a green frog",))
    assert proposer.fills(ONE) < 0.1
    maps = proposer.maps(ONE)
    assert torch.equal(lifted(maps, proposer.fills(ONE)), maps)


def test_what_nothing_opposes_fills_nothing() -> None:
    proposer = proposer_of(RED, ["a red ball"], ())
    assert proposer.fills(ONE) == 0
