"""Every number of the recipe."""

from __future__ import annotations

from dataclasses import dataclass

from car_video.models.fcclip.architecture import Architecture

TRUNK_WIDTHS = (256, 512, 1024, 2048)


@dataclass(frozen=True)
class Recipe:
    """Hyper-parameters; nothing of them was tuned yet.

    Attributes:
        side: pixels; pictures are seen as squares of this size, a multiple of 32.
        queries, width, heads, encoder_layers, encoder_hidden, decoder_layers, decoder_hidden:
            of the decoders; a tenth of FC-CLIP's values.
        points: sampled per mask in the loss.
        most_masks, least_area: of a picture's targets: at most so many, the surest first, and
            none that covers less of it.
        epochs, batch, learning_rate, weight_decay, warm_up: AdamW under one cosine cycle.
        grid: MobileSAM is asked at so many points a side.
        seed: of weights and order.
    """

    side: int = 256
    queries: int = 64
    width: int = 128
    heads: int = 8
    encoder_layers: int = 2
    encoder_hidden: int = 256
    decoder_layers: int = 3
    decoder_hidden: int = 512
    points: int = 1024
    most_masks: int = 40
    least_area: float = 0.002
    epochs: int = 4
    batch: int = 8
    learning_rate: float = 2e-4
    weight_decay: float = 0.05
    warm_up: int = 100
    grid: int = 16
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
