"""STViT: stem, four stages of super token transformer blocks, head."""

from collections.abc import Callable
from contextlib import AbstractContextManager, nullcontext
from functools import partial
from typing import Any, ClassVar, NamedTuple

import torch
from jaxtyping import Float
from torch import Tensor, nn
from torch.utils.checkpoint import checkpoint

from stvit.captions import block_caption, block_short
from stvit.config import STViTConfig
from stvit.grid import STRIDES
from stvit.layers import (
    ChannelLayerNorm,
    ConvFFN,
    Downsample,
    LayerScale,
    ResidualDepthwiseConv,
    Stem,
    StochasticDepth,
    by_token,
    unrecorded_batch_norm,
)
from stvit.mixers import Mixer, build_mixer
from stvit.variants import get_config


class BlockId(NamedTuple):
    """A block by its stage and its number within the stage, counted from 0; captions count from 1.

    Attributes:
        stage: Stage, 0 to 3.
        block: Block within the stage.

    Example:
        >>> BlockId(0, 1).caption, BlockId(0, 1).stride
        ('stage 1, block 2', 4)
    """

    stage: int
    block: int

    @property
    def caption(self) -> str:
        """The name shown to people, counted from 1: "stage 1, block 2"."""
        return block_caption(self.stage, self.block)

    @property
    def short(self) -> str:
        """The same for axes and tables: "1.2"."""
        return block_short(self.stage, self.block)

    @property
    def stride(self) -> int:
        """Pixels of the picture per token and axis in this stage: 4, 8, 16 or 32."""
        return STRIDES[self.stage]


class Block(nn.Module):
    """A super token transformer block: CPE, super token attention (or another mixer), ConvFFN, all residual."""

    def __init__(self, config: STViTConfig, stage: int, block: int, drop_path: float) -> None:
        super().__init__()
        channels, init = config.embed_dims[stage], config.layer_scale_init[stage]
        self.position = ResidualDepthwiseConv(channels)
        self.attention_norm = ChannelLayerNorm(channels)
        self.attention: Mixer = build_mixer(config, stage, block)
        self.attention_scale = nn.Identity() if init is None else LayerScale(channels, init)
        self.ffn_norm = nn.BatchNorm2d(channels)
        self.ffn = ConvFFN(channels, int(channels * config.mlp_ratio), config.dropout)
        self.ffn_scale = nn.Identity() if init is None else LayerScale(channels, init)
        self.drop_path = StochasticDepth(drop_path)

    def forward(self, features: Float[Tensor, "b c h w"]) -> Float[Tensor, "b c h w"]:
        """Return the features after one block, same shape."""
        features = self.position(features)
        attended = self.attention(self.attention_norm(features))
        features = features + self.drop_path(self.attention_scale(attended))
        return features + self.drop_path(self.ffn_scale(self.ffn(self.ffn_norm(features))))


class Stage(nn.Module):
    """Blocks at one resolution, then a downsampling (none after the last stage)."""

    def __init__(self, config: STViTConfig, stage: int, drop_paths: list[float]) -> None:
        super().__init__()
        self.blocks = nn.ModuleList(Block(config, stage, block, rate) for block, rate in enumerate(drop_paths))
        last = stage == len(config.depths) - 1
        dims = config.embed_dims
        self.downsample = nn.Identity() if last else Downsample(dims[stage], dims[stage + 1])
        self.checkpointing = config.gradient_checkpointing

    def forward(self, features: Float[Tensor, "b c h w"]) -> Float[Tensor, "b d h2 w2"]:
        """Return the features for the next stage."""
        for block in self.blocks:
            if self.checkpointing and self.training and torch.is_grad_enabled():
                features = checkpoint(block, features, use_reentrant=False, **_contexts_of(block))
            else:
                features = block(features)
        return self.downsample(features)


class STViT(nn.Module):
    """Vision Transformer with Super Token Sampling (Huang et al., CVPR 2023, arXiv 2211.11167).

    Tokens are grouped into super tokens by a learned sparse association Q, attention A(S) runs among the few
    super tokens, and the result is mapped back: an N x N attention Q A(S) Q-hat^T made of small factors.
    `stvit.capture` shows all of it.

    Args:
        config: The settings; the defaults are STViT-S.

    Attributes:
        config: The settings.
        class_names: Names of the classes where known, else None.
    """

    from_pretrained: ClassVar[Callable[..., "STViT"]]
    save_pretrained: ClassVar[Callable[..., None]]
    push_to_hub: ClassVar[Callable[..., str]]
    # Attached by `stvit.hub`, so that the network imports no files and no client of the Hub.

    def __init__(self, config: STViTConfig | None = None) -> None:
        super().__init__()
        self.config = config = config or STViTConfig()
        self.class_names: tuple[str, ...] | None = None
        width = config.embed_dims[-1]
        self.stem = Stem(config.in_channels, config.embed_dims[0])
        self.dropout = nn.Dropout(config.dropout)
        self.stages = nn.Sequential(*(Stage(config, i, rates) for i, rates in enumerate(drop_path_rates(config))))
        self.projection = nn.Sequential(
            nn.Conv2d(width, config.projection_dim, kernel_size=1),
            nn.BatchNorm2d(config.projection_dim),
            nn.SiLU(),
        )
        classes = config.num_classes
        self.classifier = nn.Linear(config.projection_dim, classes) if classes else nn.Identity()
        self.apply(_init_weights)

    def forward_features(self, pixels: Float[Tensor, "b c h w"]) -> Float[Tensor, "b d h2 w2"]:
        """Return the last feature map, shape (B, projection_dim, ceil(H / 32), ceil(W / 32)), before pooling.

        Args:
            pixels: Normalised images, shape (B, 3, H, W), at least 32 px a side. A model in half precision rounds
                those in single precision to its own type.

        Raises:
            ValueError: If the shape cannot be an image batch for this model.
            TypeError: If the pixels are whole numbers, or otherwise of a different type from the weights.
        """
        return self.projection(self.stages(self.first_tokens(pixels)))

    def first_tokens(self, pixels: Float[Tensor, "b c h w"]) -> Float[Tensor, "b d h2 w2"]:
        """Return what enters the first block, shape (B, embed_dims[0], ceil(H / 4), ceil(W / 4)).

        Raises:
            ValueError, TypeError: As `forward_features`.
        """
        tokens: Tensor = self.dropout(self.stem(by_token(self._checked(pixels))))
        return tokens

    def forward(self, pixels: Float[Tensor, "b c h w"]) -> Float[Tensor, "b out"]:
        """Return logits (B, num_classes), or pooled features (B, projection_dim) if num_classes is 0."""
        return self.classifier(self.forward_features(pixels).mean((2, 3)))

    def blocks(self) -> dict[BlockId, Block]:
        """Return all blocks in order of depth."""
        return {
            BlockId(i, j): block
            for i, stage in enumerate(self.stages)
            for j, block in enumerate(stage.blocks)  # type: ignore[arg-type]  # a Stage has blocks
        }

    def _checked(self, pixels: Tensor) -> Tensor:
        """Return the pixels in the type of the weights, or refuse them."""
        channels = self.config.in_channels
        if pixels.ndim != 4 or pixels.shape[1] != channels or min(pixels.shape[2:]) < 1:
            raise ValueError(
                f"Expected pixels of shape (batch, {channels}, height, width), got {tuple(pixels.shape)}; "
                "`stvit.images.prepare` makes them from a file."
            )
        if not pixels.is_floating_point():
            raise TypeError(
                f"Expected pixels as normalised floating point numbers, got {pixels.dtype}; "
                "`stvit.images.prepare` makes them from a file."
            )
        own = next(self.stem.parameters()).dtype
        if pixels.dtype == own or torch.is_autocast_enabled(pixels.device.type):
            return pixels
        if pixels.dtype == torch.float32 and own.itemsize < pixels.dtype.itemsize:
            return pixels.to(own)
        raise TypeError(f"Expected pixels of the model's type {own}, got {pixels.dtype}; convert one of the two.")


def create_model(name: str = "stvit_small", *, seed: int | None = None, **overrides: Any) -> STViT:
    """Build a model by name with random weights.

    Args:
        name: stvit_small, stvit_base, stvit_large, stvit_demo or one of the twins.
        seed: Makes the weights the same every time and leaves PyTorch's global generator as it was.
        **overrides: Fields of `STViTConfig` to replace.

    Raises:
        KeyError: If there is no such variant.
        ValueError: If an override is not a setting, or its value gives no valid model.

    Example:
        >>> create_model("stvit_demo", seed=0).eval()(torch.zeros(1, 3, 32, 32)).shape
        torch.Size([1, 10])
    """
    config = get_config(name, **overrides)
    if seed is None:
        return STViT(config)
    with torch.random.fork_rng():
        torch.manual_seed(seed)
        return STViT(config)


def _contexts(block: nn.Module) -> tuple[AbstractContextManager[None], AbstractContextManager[None]]:
    """Return the contexts of a checkpointed block's first run and of its run in the backward pass."""
    return nullcontext(), unrecorded_batch_norm(block)


def _contexts_of(block: nn.Module) -> dict[str, Any]:
    """Return what lets a checkpointed BatchNorm count a batch once; compilers keep writes out of second runs."""
    return {} if torch.compiler.is_compiling() else {"context_fn": partial(_contexts, block)}


def drop_path_rates(config: STViTConfig) -> list[list[float]]:
    """Return the stochastic depth of each block, by stage: linear from 0 to config.drop_path_rate.

    Example:
        >>> drop_path_rates(STViTConfig(depths=(2, 1, 1, 1), drop_path_rate=0.5))
        [[0.0, 0.125], [0.25], [0.375], [0.5]]
    """
    last = max(1, sum(config.depths) - 1)
    rates = iter(config.drop_path_rate * depth / last for depth in range(sum(config.depths)))
    return [[next(rates) for _ in range(depth)] for depth in config.depths]


def _init_weights(module: nn.Module) -> None:
    """Initialise the classifier with a truncated normal (0.02) and zero biases; convolutions keep PyTorch's default."""
    if isinstance(module, nn.Linear):
        nn.init.trunc_normal_(module.weight, std=0.02)
        nn.init.zeros_(module.bias)
