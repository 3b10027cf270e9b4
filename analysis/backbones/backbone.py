"""A loaded backbone: its inputs, its outputs, and its captures."""

import hashlib
import threading
from collections.abc import Iterable
from dataclasses import replace
from typing import Any

import torch
from jaxtyping import Float
from torch import Tensor, nn

from analysis.backbones.blocks import find_blocks, windows_as_loaded
from analysis.backbones.families import Family
from analysis.backbones.preprocessing import Preprocessing
from analysis.backbones.recorder import Recorder
from analysis.backbones.records import BackboneCapture
from stvit import BlockId, TokenGrid
from stvit.images import PictureSource, PreparedImage, RGBImage


class Backbone:
    """A ViT, DeiT, DINOv2, Swin or Swin v2; `load_backbone` makes it.

    Args:
        model: The network in evaluation mode, with eager attention.
        family: What it is.
        preprocessing: What its preprocessor_config.json says, or the sentence that says why there is none.

    Attributes:
        class_names: Names of the classes of the logits; empty without a classifier.
    """

    def __init__(self, model: Any, family: Family, preprocessing: Preprocessing | str) -> None:
        self.model, self.family, self._preprocessing = model, family, preprocessing
        self._blocks = find_blocks(model, family)
        self._lock = threading.RLock()
        names = model.config.id2label if hasattr(model, "classifier") or hasattr(model, "cls_classifier") else {}
        self.class_names: tuple[str, ...] = tuple(names[number] for number in sorted(names))

    @property
    def title(self) -> str:
        """Its family and size for people."""
        millions = sum(parameter.numel() for parameter in self.model.parameters()) / 1e6
        return f"{self.family.title}, {millions:.1f} M parameters"

    @property
    def patch(self) -> int:
        """Pixels of the picture per token and axis in the first stage."""
        size = self.model.config.patch_size
        return size if isinstance(size, int) else size[0]

    def blocks(self) -> tuple[BlockId, ...]:
        """Return the blocks in order of depth: (stage, block) of a Swin, (0, layer) otherwise."""
        return tuple(block.id for block in self._blocks)

    def heads(self, block: BlockId) -> int:
        """Return the number of heads of a block."""
        return next(one.attention.num_attention_heads for one in self._blocks if one.id == block)

    def digest(self) -> str:
        """Return a short sha256 over all that the model's answers depend on: settings and weights."""
        digest = hashlib.sha256(f"{self.model.config.to_json_string()} {self._preprocessing}\n".encode())
        for name, value in self.model.state_dict().items():
            digest.update(f"{name} {value.dtype} {tuple(value.shape)}\n".encode())
            digest.update(value.detach().cpu().contiguous().reshape(-1).view(torch.uint8).numpy().data)
        return digest.hexdigest()[:12]

    def prepare(self, image: RGBImage | PictureSource, size: int | tuple[int, int] | None = None) -> PreparedImage:
        """Turn a picture into the model's input, as its preprocessor_config.json says.

        Args:
            image: An `RGBImage`, or anything `stvit.images.load_image` accepts.
            size: Pixels of the input, one side or (height, width), in place of the model's own; the resize before
                the crop grows or shrinks with it.

        Raises:
            ValueError: If there is no such file, it asks for something unknown, or the model does not take the size.
            ImageError: If the picture cannot be loaded.
        """
        if isinstance(self._preprocessing, str):
            raise ValueError(self._preprocessing)
        prepared = self._preprocessing.prepare(image, size)
        self._check_size(*prepared.framing.size)
        return replace(prepared, framing=replace(prepared.framing, strides=tuple(self._token_pixels())))

    @torch.no_grad()
    def capture(
        self,
        pixels: Float[Tensor, "batch 3 height width"],
        blocks: Iterable[BlockId | tuple[int, int]] | None = None,
    ) -> BackboneCapture:
        """Run the model and keep q and k of each block, from which its attention follows exactly.

        No N x N matrix is kept; the model itself computes the attention of one block at a time. Positions are
        interpolated where the size is not that of training and the model offers it.

        Args:
            pixels: Normalised, from `prepare`; any size that the model takes.
            blocks: Blocks to record; all if None.

        Raises:
            KeyError: If a block does not exist.
            TypeError: If the pixels are no tensor.
            ValueError: If the pixels do not fit the model.
            TapError: If an attention module returned no weights.
        """
        self._check_pixels(pixels)
        wanted = self._existing(blocks)
        height, width = pixels.shape[2:]
        recorder = Recorder(
            self._grids(height, width), self._token_pixels(), self.family.extra_tokens(self.model.config)
        )
        chosen = [block for block in self._blocks if block.id in wanted]
        with self._lock, recorder.listening(chosen):
            answer = self.run(pixels)
        logits = getattr(answer, "logits", None)
        logits = pixels.new_zeros(len(pixels), 0) if logits is None else logits
        return BackboneCapture(logits, (height, width), {block: recorder.records[block] for block in wanted})

    def run(self, pixels: Float[Tensor, "batch 3 height width"]) -> Any:
        """Run the network and return what transformers gives; gradients are kept where they are enabled.

        Raises:
            TypeError: If the pixels are no tensor.
            ValueError: If the pixels do not fit the model.
        """
        self._check_pixels(pixels)
        with self._lock, windows_as_loaded(self._blocks):
            return self.model(pixels, **self._arguments())

    def layers(self) -> dict[BlockId, nn.Module]:
        """Return the whole block, residuals and MLP included, around each attention."""
        whole = [module for module in self.model.modules() if type(module).__name__.endswith("Layer")]
        around = {id(part): module for module in whole for part in module.modules()}  # the innermost comes last
        return {block.id: around[id(block.attention)] for block in self._blocks}

    def _arguments(self) -> dict[str, bool]:
        """Return the extra arguments that the family needs in a run."""
        arguments = {}
        if not self.family.interpolates:
            arguments["interpolate_pos_encoding"] = True
        if self.family.must_be_asked:
            arguments["output_attentions"] = True
        return arguments

    def _token_pixels(self) -> list[int]:
        """Return the pixels per token and axis of each stage."""
        stages = self._blocks[-1].id.stage + 1
        return [self.patch * 2**stage for stage in range(stages)]

    def _grids(self, height: int, width: int) -> list[TokenGrid]:
        """Return the layout of the tokens of each stage; what does not divide is padded."""
        return [TokenGrid(-(-height // side), -(-width // side)) for side in self._token_pixels()]

    def _existing(self, blocks: Iterable[BlockId | tuple[int, int]] | None) -> list[BlockId]:
        if blocks is None:
            return list(self.blocks())
        asked = {BlockId(*block) for block in blocks}
        unknown = sorted(asked - set(self.blocks()))
        if unknown:
            raise KeyError(
                f"There is no block {tuple(unknown[0])}; this model has (stage, block) from {tuple(self.blocks()[0])} "
                f"to {tuple(self.blocks()[-1])}."
            )
        return [block for block in self.blocks() if block in asked]

    def _check_pixels(self, pixels: Any) -> None:
        if not isinstance(pixels, Tensor):
            raise TypeError(
                f"Expected pixels as a tensor of shape (batch, 3, height, width), got {type(pixels).__name__}; "
                "`backbone.prepare` makes them from a file."
            )
        if pixels.ndim != 4 or pixels.shape[1] != self.model.config.num_channels or 0 in pixels.shape:
            raise ValueError(
                f"Expected pixels of shape (batch, {self.model.config.num_channels}, height, width), got "
                f"{tuple(pixels.shape)}."
            )
        like = next(self.model.parameters())
        if pixels.device != like.device:
            raise ValueError(f"The pixels are on {pixels.device}, but the model is on {like.device}; move one of them.")
        if not pixels.isfinite().all():
            raise ValueError("Expected finite pixels, got some that are infinite or NaN.")
        self._check_size(pixels.shape[2], pixels.shape[3])

    def _check_size(self, height: int, width: int) -> None:
        """Raise a ValueError if the model does not take pictures of this size."""
        if self.family.layer is None and (height % self.patch or width % self.patch):
            raise ValueError(
                f"{self.family.title} takes sides that are multiples of {self.patch} pixels, got {height} x {width}."
            )
        if self.family.layer == "SwinLayer":
            self._check_windows(height, width)

    def _check_windows(self, height: int, width: int) -> None:
        """Raise a ValueError if a stage of a Swin has fewer tokens along a side than its windows have."""
        window = self.model.config.window_size
        for stage, grid in enumerate(self._grids(height, width)):
            if min(grid.height, grid.width) < window:
                least = (window - 1) * self._token_pixels()[-1] + 1
                raise ValueError(
                    f"Swin has windows of {window} x {window} tokens, but a picture of {height} x {width} pixels has "
                    f"only {grid.height} x {grid.width} tokens in stage {stage + 1}; sides of {least} pixels are the "
                    "least that this model takes."
                )
