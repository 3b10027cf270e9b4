"""An STViT or a backbone, asked in the same way: how it sees a picture, and what its blocks did."""

from collections.abc import Sequence
from typing import TypeAlias, overload

import torch
from jaxtyping import Float
from torch import Tensor

from analysis.backbones import Backbone, BackboneCapture
from stvit import BlockId, Capture, STViT, capture
from stvit.images import PictureSource, PreparedImage, RGBImage, prepare
from stvit.weights.load import model_digest

AnyModel: TypeAlias = STViT | Backbone

Pixels: TypeAlias = Float[Tensor, "batch 3 height width"]

DEFAULT_SIZE = 224
"""Short side in pixels that an STViT is given if none is asked for."""

OWN = "own"
"""The framing of a backbone: what its preprocessor file says."""


def prepared(
    model: AnyModel, source: RGBImage | PictureSource, size: int | None, framing: str
) -> tuple[PreparedImage, str]:
    """Return a picture as the model sees it, and how it was framed: "crop", "whole" or "own".

    Raises:
        ValueError: If the model does not take the size or the framing.
        ImageError: If the picture cannot be used.
    """
    if isinstance(model, STViT):
        return prepare(source, DEFAULT_SIZE if size is None else size, mode=framing), framing
    if framing == "whole":
        raise ValueError("A backbone is given pictures as its preprocessor file says; leave --framing out.")
    return model.prepare(source, size), OWN


@overload
def captured(model: STViT, pixels: Pixels, blocks: list[BlockId] | None = None) -> Capture: ...
@overload
def captured(model: Backbone, pixels: Pixels, blocks: list[BlockId] | None = None) -> BackboneCapture: ...
def captured(model: AnyModel, pixels: Pixels, blocks: list[BlockId] | None = None) -> Capture | BackboneCapture:
    """Return what the blocks of a model did, or some of them."""
    return capture(model, pixels, blocks=blocks) if isinstance(model, STViT) else model.capture(pixels, blocks)


def digest_of(model: AnyModel) -> str:
    """Return a short sha256 over all that the model's answers depend on."""
    return model_digest(model) if isinstance(model, STViT) else model.digest()


def classes_of(model: AnyModel) -> tuple[int, Sequence[str] | None]:
    """Return the number of classes of a model, and their names if they are known."""
    if isinstance(model, STViT):
        return model.config.num_classes, model.class_names
    return len(model.class_names), model.class_names or None


def device_of(model: AnyModel) -> torch.device:
    """Move an STViT to the GPU if there is one, and return where a model runs; a backbone stays on the CPU."""
    if not isinstance(model, STViT) or not torch.cuda.is_available():
        return torch.device("cpu")
    model.to("cuda")
    return torch.device("cuda")


def heads_of(model: AnyModel, block: BlockId) -> int:
    """Return the number of heads of a block."""
    return model.config.num_heads[block.stage] if isinstance(model, STViT) else model.heads(block)


def classifies(model: AnyModel) -> bool:
    """Return whether the logits of a model are those of classes, not features."""
    return model.config.num_classes > 0 if isinstance(model, STViT) else bool(model.class_names)


def has_super_tokens(model: AnyModel) -> bool:
    """Return whether any block of a model has super tokens."""
    return isinstance(model, STViT) and bool(model.config.super_token_stages)
