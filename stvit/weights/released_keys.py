"""The key names of the released STViT checkpoints, translated to ours and back."""

import re
from collections.abc import Mapping

from torch import Tensor

_PAIRS: tuple[tuple[str, str], ...] = (
    ("patch_embed.proj.", "stem."),
    ("layers.", "stages."),
    (".downsample.proj.", ".downsample."),
    (".pos_embed.conv.", ".position."),
    (".norm1.norm.", ".attention_norm."),
    (".norm2.", ".ffn_norm."),
    (".attn.stoken_refine.", ".attention.refine."),
    (".mlp2.fc1.", ".ffn.expand."),
    (".mlp2.fc2.", ".ffn.project."),
    (".mlp2.conv.conv.", ".ffn.depthwise."),
    (".gamma_1", ".attention_scale.gamma"),
    (".gamma_2", ".ffn_scale.gamma"),
    ("proj.", "projection.0."),
    ("norm.", "projection.1."),
    ("head.", "classifier."),
)
"""Parts of keys, theirs and ours. A part that begins with a dot stands anywhere, another one at the beginning."""

_CONSTANTS = re.compile(r"layers\.\d+\.blocks\.\d+\.attn\.(?:un)?fold\.weights")
"""Buffers of ones and zeros that released files repeat in every block; they hold nothing learned."""


def is_released(keys: Mapping[str, Tensor]) -> bool:
    """Return whether a state dict uses the released key names."""
    return any(key.startswith(("patch_embed.", "layers.")) for key in keys)


def is_constant(key: str) -> bool:
    """Return whether a released key holds nothing learned.

    Example:
        >>> is_constant("layers.0.blocks.1.attn.fold.weights"), is_constant("layers.0.blocks.1.mlp2.fc1.weight")
        (True, False)
    """
    return _CONSTANTS.fullmatch(key) is not None


def translate_key(key: str) -> str:
    """Return our name of one released key; a key that no rule knows comes back unchanged.

    Example:
        >>> translate_key("layers.0.blocks.1.mlp2.fc1.weight")
        'stages.0.blocks.1.ffn.expand.weight'
    """
    for released, ours in _PAIRS:
        key = _replaced(key, released, ours)
    return key


def released_key(key: str) -> str:
    """Return the released name of one of our keys, the inverse of `translate_key`.

    Example:
        >>> released_key("stages.0.blocks.1.ffn.expand.weight")
        'layers.0.blocks.1.mlp2.fc1.weight'
    """
    for released, ours in _PAIRS:
        key = _replaced(key, ours, released)
    return key


def _replaced(key: str, old: str, new: str) -> str:
    if old.startswith("."):
        return key.replace(old, new)
    return new + key.removeprefix(old) if key.startswith(old) else key
