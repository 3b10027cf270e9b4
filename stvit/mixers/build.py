"""The mixer of a block, chosen by the settings."""

from typing import TypeAlias

from stvit.attention import SuperTokenAttention
from stvit.config import STViTConfig
from stvit.mixers.conv import LocalConvolution
from stvit.mixers.window import WindowAttention

Mixer: TypeAlias = SuperTokenAttention | WindowAttention | LocalConvolution


def build_mixer(config: STViTConfig, stage: int, block: int) -> Mixer:
    """Return the mixer of a block.

    Args:
        config: The settings; `config.mixers` names the mixer of each stage.
        stage: Stage, from 0.
        block: Block within the stage, from 0; every second window block is shifted by half a window.
    """
    channels, heads, kind = config.embed_dims[stage], config.num_heads[stage], config.mixers[stage]
    if kind == "conv":
        return LocalConvolution(channels, config.dropout)
    dropouts = {"attention_dropout": config.attention_dropout, "projection_dropout": config.dropout}
    if kind == "window":
        shift = config.window // 2 if block % 2 else 0
        bias = config.relative_position_bias
        return WindowAttention(
            channels, heads, config.window, shift, qkv_bias=config.qkv_bias, relative_position_bias=bias, **dropouts
        )
    return SuperTokenAttention(
        channels,
        heads,
        config.cells[stage],  # 1 where the mixer is "global"
        config.num_iters[stage],
        qkv_bias=config.qkv_bias,
        detach_association=config.detach_association,
        **dropouts,
    )
