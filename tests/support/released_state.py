"""State dicts as the released checkpoints have them: other names, and constants in every block."""

import json
import re

import torch
from torch import Tensor

from stvit import STViT
from tests.support.paths import GOLDEN

RELEASED_NAMES = {
    r"stem\.(.*)": r"patch_embed.proj.\1",
    r"stages\.(\d)\.downsample\.(.*)": r"layers.\1.downsample.proj.\2",
    r"stages\.(\d)\.blocks\.(\d+)\.position\.(.*)": r"layers.\1.blocks.\2.pos_embed.conv.\3",
    r"stages\.(\d)\.blocks\.(\d+)\.attention_norm\.(.*)": r"layers.\1.blocks.\2.norm1.norm.\3",
    r"stages\.(\d)\.blocks\.(\d+)\.attention\.refine\.(.*)": r"layers.\1.blocks.\2.attn.stoken_refine.\3",
    r"stages\.(\d)\.blocks\.(\d+)\.attention_scale\.gamma": r"layers.\1.blocks.\2.gamma_1",
    r"stages\.(\d)\.blocks\.(\d+)\.ffn_norm\.(.*)": r"layers.\1.blocks.\2.norm2.\3",
    r"stages\.(\d)\.blocks\.(\d+)\.ffn\.expand\.(.*)": r"layers.\1.blocks.\2.mlp2.fc1.\3",
    r"stages\.(\d)\.blocks\.(\d+)\.ffn\.depthwise\.(.*)": r"layers.\1.blocks.\2.mlp2.conv.conv.\3",
    r"stages\.(\d)\.blocks\.(\d+)\.ffn\.project\.(.*)": r"layers.\1.blocks.\2.mlp2.fc2.\3",
    r"stages\.(\d)\.blocks\.(\d+)\.ffn_scale\.gamma": r"layers.\1.blocks.\2.gamma_2",
    r"projection\.0\.(.*)": r"proj.\1",
    r"projection\.1\.(.*)": r"norm.\1",
    r"classifier\.(.*)": r"head.\1",
}
"""Our names and theirs, written independently of the code under test."""


def released_name(key: str) -> str:
    """Return the released name of one of our keys."""
    for ours, theirs in RELEASED_NAMES.items():
        if re.fullmatch(ours, key):
            return re.sub(ours, theirs, key)
    raise KeyError(key)


def released_state(model: STViT) -> dict[str, Tensor]:
    """Return a model's weights as a released checkpoint would hold them."""
    state = {released_name(key): value for key, value in model.state_dict().items()}
    for stage, block in model.blocks():
        for name in ("fold", "unfold"):
            state[f"layers.{stage}.blocks.{block}.attn.{name}.weights"] = torch.eye(9).reshape(9, 1, 3, 3)
    return state


def recorded_shapes(size: str) -> dict[str, list[int]]:
    """Return keys and shapes recorded from the released code: small, base or large."""
    return json.loads((GOLDEN / f"official_keys_{size}.json").read_text())
