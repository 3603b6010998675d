"""How long a model trains that sees every image once an epoch."""

from __future__ import annotations

from pydantic import model_validator

from pipeline.core.settings import PositiveInt, Section
from pipeline.models import Schedule, epochs


class Epochs(Section):
    """Every `snapshot_every` epochs, `snapshot_images` decoder means are kept."""

    batch_size: PositiveInt
    epochs: PositiveInt
    snapshot_every: PositiveInt
    snapshot_images: PositiveInt

    @model_validator(mode="after")
    def _the_last_snapshot_is_at_the_end(self) -> Epochs:
        if self.epochs % self.snapshot_every:
            raise ValueError("epochs must be a multiple of snapshot_every")
        return self


def schedule(config: Epochs, train_count: int) -> Schedule:
    """So many epochs."""
    return epochs(
        config.epochs,
        batch_size=config.batch_size,
        train_count=train_count,
        snapshot_every=config.snapshot_every,
        snapshot_images=config.snapshot_images,
    )
