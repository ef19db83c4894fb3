"""Every number of the recipe."""

from __future__ import annotations

from dataclasses import dataclass

from car_video.models.fcclip.architecture import Architecture

TRUNK_WIDTHS = (256, 512, 1024, 2048)


@dataclass(frozen=True)
class Recipe:
    """Hyper-parameters; nothing of them was tuned.

    Attributes:
        side: pixels; the decoders see pictures as squares of this size, a multiple of 32.
        queries, width, heads, encoder_layers, encoder_hidden, decoder_layers, decoder_hidden:
            of the decoders; about a tenth of FC-CLIP's values.
        teacher_side: longest side in pixels of a photo as MobileSAM sees it.
        grid: MobileSAM is asked at so many points a side.
        most_masks, least_area: of a picture's targets: at most so many, the surest first, and
            none that covers less of it.
        least_crop: side of the smallest part of a picture that a step may show.
        epochs, batch, learning_rate, weight_decay, warm_up: AdamW under one cosine cycle.
        seed: of weights and order.
    """

    side: int = 384
    queries: int = 100
    width: int = 128
    heads: int = 8
    encoder_layers: int = 3
    encoder_hidden: int = 512
    decoder_layers: int = 6
    decoder_hidden: int = 512
    teacher_side: int = 512
    grid: int = 16
    most_masks: int = 40
    least_area: float = 0.002
    least_crop: float = 0.6
    epochs: int = 12
    batch: int = 32
    learning_rate: float = 4e-4
    weight_decay: float = 0.05
    warm_up: int = 100
    seed: int = 0

    @property
    def architecture(self) -> Architecture:
        """Of the decoders; D means nothing here."""
        return Architecture(
            TRUNK_WIDTHS,
            embed_dim=self.width,
            queries=self.queries,
            width=self.width,
            heads=self.heads,
            encoder_layers=self.encoder_layers,
            encoder_hidden=self.encoder_hidden,
            decoder_layers=self.decoder_layers,
            decoder_hidden=self.decoder_hidden,
        )
