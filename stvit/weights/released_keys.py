"""The key names of the released STViT checkpoints, translated to ours."""

import re
from collections.abc import Mapping

from torch import Tensor

_RULES: tuple[tuple[str, str], ...] = (
    (r"^patch_embed\.proj\.", "stem."),
    (r"^layers\.(\d+)\.", r"stages.\1."),
    (r"\.downsample\.proj\.", ".downsample."),
    (r"\.pos_embed\.conv\.", ".position."),
    (r"\.norm1\.norm\.", ".attention_norm."),
    (r"\.norm2\.", ".ffn_norm."),
    (r"\.attn\.stoken_refine\.", ".attention.refine."),
    (r"\.mlp2\.fc1\.", ".ffn.expand."),
    (r"\.mlp2\.fc2\.", ".ffn.project."),
    (r"\.mlp2\.conv\.conv\.", ".ffn.depthwise."),
    (r"\.gamma_1$", ".attention_scale.gamma"),
    (r"\.gamma_2$", ".ffn_scale.gamma"),
    (r"^proj\.", "projection.0."),
    (r"^norm\.", "projection.1."),
    (r"^head\.", "classifier."),
)

_INVERSE_RULES: tuple[tuple[str, str], ...] = (
    (r"^stem\.", "patch_embed.proj."),
    (r"^stages\.(\d+)\.downsample\.", r"layers.\1.downsample.proj."),
    (r"^stages\.", "layers."),
    (r"\.position\.", ".pos_embed.conv."),
    (r"\.attention_norm\.", ".norm1.norm."),
    (r"\.ffn_norm\.", ".norm2."),
    (r"\.attention\.refine\.", ".attn.stoken_refine."),
    (r"\.ffn\.expand\.", ".mlp2.fc1."),
    (r"\.ffn\.project\.", ".mlp2.fc2."),
    (r"\.ffn\.depthwise\.", ".mlp2.conv.conv."),
    (r"\.attention_scale\.gamma$", ".gamma_1"),
    (r"\.ffn_scale\.gamma$", ".gamma_2"),
    (r"^projection\.0\.", "proj."),
    (r"^projection\.1\.", "norm."),
    (r"^classifier\.", "head."),
)

_CONSTANTS = re.compile(r"^layers\.\d+\.blocks\.\d+\.attn\.(?:un)?fold\.weights$")
"""Buffers of ones and zeros that released files repeat in every block; they hold nothing learned."""


def is_released(keys: Mapping[str, Tensor]) -> bool:
    """Return whether a state dict uses the released key names."""
    return any(key.startswith(("patch_embed.", "layers.")) for key in keys)


def translate_key(key: str) -> str:
    """Return our name of one released key; a key that no rule knows comes back unchanged."""
    for pattern, replacement in _RULES:
        key = re.sub(pattern, replacement, key)
    return key


def translate(state: Mapping[str, Tensor]) -> dict[str, Tensor]:
    """Return a released state dict under our names, without its constant fold and unfold kernels."""
    return {translate_key(key): value for key, value in state.items() if not _CONSTANTS.match(key)}


def released_key(key: str) -> str:
    """Return the released name of one of our keys, the inverse of `translate_key`."""
    for pattern, replacement in _INVERSE_RULES:
        key = re.sub(pattern, replacement, key)
    return key
