"""The families of backbones as data: the names transformers gives to their parts; can be read without importing it."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any


@dataclass(frozen=True)
class Family:
    """One architecture of the transformers library.

    Attributes:
        title: Its name for people.
        model: Class of the network without a head.
        classifiers: Classes of the network with a classifier on top.
        attention: Class of the module that computes the attention of one block.
        query: Name of its projection to queries.
        key: Name of its projection to keys.
        extra: Single tokens before those of the picture, in order; registers apart.
        layer: Class of a block whose attention is inside windows; None where it is global.
        must_be_asked: Whether the attention is returned only when that of all layers is requested.
        interpolates: Whether positions are interpolated to other sizes unasked.
    """

    title: str
    model: str
    classifiers: tuple[str, ...]
    attention: str
    query: str = "q_proj"
    key: str = "k_proj"
    extra: tuple[str, ...] = ("class",)
    layer: str | None = None
    must_be_asked: bool = False
    interpolates: bool = False

    def extra_tokens(self, config: Any) -> dict[str, int]:
        """Return how many tokens of each kind stand before those of the picture, in order."""
        registers = getattr(config, "num_register_tokens", 0)
        return dict.fromkeys(self.extra, 1) | ({"registers": registers} if registers else {})


FAMILIES: Mapping[str, Family] = {
    "vit": Family("ViT", "ViTModel", ("ViTForImageClassification",), "ViTAttention"),
    "deit": Family(
        "DeiT",
        "DeiTModel",
        ("DeiTForImageClassification", "DeiTForImageClassificationWithTeacher"),
        "DeiTAttention",
        extra=("class", "distillation"),
    ),
    "dinov2": Family("DINOv2", "Dinov2Model", ("Dinov2ForImageClassification",), "Dinov2Attention", interpolates=True),
    "dinov2_with_registers": Family(
        "DINOv2 with registers",
        "Dinov2WithRegistersModel",
        ("Dinov2WithRegistersForImageClassification",),
        "Dinov2WithRegistersAttention",
        interpolates=True,
    ),
    "swin": Family("Swin", "SwinModel", ("SwinForImageClassification",), "SwinAttention", extra=(), layer="SwinLayer"),
    "swinv2": Family(
        "Swin v2",
        "Swinv2Model",
        ("Swinv2ForImageClassification",),
        "Swinv2SelfAttention",
        query="query",
        key="key",
        extra=(),
        layer="Swinv2Layer",
        must_be_asked=True,
    ),
}
"""All families by the `model_type` of config.json. The plain DeiT of the Hub, without distillation, is a "vit"."""
