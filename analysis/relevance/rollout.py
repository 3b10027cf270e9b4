"""Hierarchical attention rollout without a class token: which parts of the picture a deep token is made of.

Rollout (Abnar & Zuidema, ACL 2020) takes every layer for an average over its inputs and multiplies the averages.
Here a relevance r over the tokens a layer gives becomes W^T r over those it takes, from the deep end to the pixels,
so only vectors are held: O(9 N + M^2) per block. The linearisation, layer by layer:

- attention: W = 0.5 I + 0.5 Q A(S) Q-hat^T, the mean over heads, its rows divided by their sums. The 0.5 is
  `residual`, the share that the residual keeps. Values, projections, norms and LayerScale are taken for the identity;
- CPE, and the depthwise convolution of the ConvFFN between its residual (again the share `residual`) and itself:
  their footprints (`analysis.relevance.footprint`). The 1 x 1 convolutions and GELU act on each token by itself;
- downsampling and the four convolutions of the stem: their footprints.

Rows of Q A(S) Q-hat^T sum to less than 1: phantoms, padding and empty super tokens take the rest. By default rows are
conditional on the mass kept, so every map sums to 1; `Rollout.mass` says what would have arrived otherwise.

It is an approximation: it says where a token may have got its content from, not what made the model decide. Each
attention mixes anew, so after many global attentions the maps of different deep tokens hardly differ. With
`weights` from `analysis.relevance.class_gradient` the rule is instead that of Chefer et al. (ICCV 2021), without
division: W = I + Q E_h[(dy/dA * A)^+] Q-hat^T. There is no class token to read, and the pure residual path only
repeats the starting point, so that path is left out: maps show what passed through at least one attention, divided by
its sum.
"""

from collections.abc import Mapping
from dataclasses import dataclass

import torch
from jaxtyping import Float
from torch import Tensor

from analysis.relevance.class_gradient import ClassGradients, WeightedAttention
from analysis.relevance.footprint import Footprint, Footprints
from stvit import BlockId, BlockRecord, Capture
from stvit.attentions.rows import check_token
from stvit.capturing.records import NoAttentionError
from stvit.precision import at_least_single


@dataclass(frozen=True, eq=False)
class Rollout:
    """Where the content of a token, or of the mean of all tokens, comes from.

    Attributes:
        source: Block whose output tokens are the starting point.
        token: The token; None for the mean of all, which after the last block is the pooled output.
        maps: By block up to the source, the relevance of the tokens that enter it, shape (H, W), summing to 1.
        pixels: Relevance of the pixels, shape (height, width), summing to 1. Strided kernels overlap on some pixels
            and not on others, so neighbouring pixels differ in a regular pattern: read it in squares of 4 x 4.
        mass: What reaches the pixels when no row of attention is divided by its sum, at most 1. With class weights
            all relevance that arrives, in units of the logit; 0 where no attention speaks for the class.
    """

    source: BlockId
    token: int | None
    maps: Mapping[BlockId, Float[Tensor, "_ _"]]
    pixels: Float[Tensor, "_ _"]
    mass: float

    def tokens(self, stage: int = 0) -> Float[Tensor, "_ _"]:
        """Return the relevance of the tokens that enter a stage, shape (H, W).

        Raises:
            KeyError: If the stage lies behind the source.
        """
        if not 0 <= stage <= self.source.stage:
            raise KeyError(
                f"There is no relevance for stage {stage}; a rollout from {tuple(self.source)} reaches "
                f"stages 0 to {self.source.stage} (counted from 0)."
            )
        return self.maps[BlockId(stage, 0)]


def rollout(
    cap: Capture,
    footprints: Footprints,
    source: BlockId | tuple[int, int] | None = None,
    token: int | None = None,
    *,
    image: int = 0,
    residual: float = 0.5,
    conditional: bool = True,
    weights: ClassGradients | None = None,
) -> Rollout:
    """Roll the attention of a captured run out, from a token back to the pixels.

    Args:
        cap: A capture that holds every block up to the source; all of them need an attention.
        footprints: Those of the model that was captured, from `Footprints.of(model)`; with `without_depthwise()`
            the convolutions inside the blocks count as the identity.
        source: Block whose output to start from; the last one if None.
        token: Token of that block's grid; the mean of all if None.
        image: Which image of the batch.
        residual: Share of the residual around attention and ConvFFN, 0 to 1; with weights around the ConvFFN only.
        conditional: Divide the rows of attention by their sums. If not, maps sum to what is left.
        weights: Gradients of a class for this image, from `class_gradients`; None for plain rollout.

    Raises:
        KeyError: If the model has no such block, or the capture does not hold one on the way.
        IndexError: If there is no such token or image.
        ValueError: If residual is no share, the weights are of another picture size or model, or a block on the way
            mixes its tokens by a convolution (`NoAttentionError`).

    Example:
        >>> from stvit import capture, create_model
        >>> model = create_model("stvit_demo", seed=0)
        >>> found = rollout(capture(model, torch.zeros(1, 3, 64, 64)), Footprints.of(model))
        >>> round(found.pixels.sum().item(), 3)
        1.0
    """
    if not 0 <= residual <= 1:
        raise ValueError(f"The share of the residual must lie between 0 and 1, got {residual}.")
    start = _existing(footprints, source)
    rule = _Averaged(residual, conditional) if weights is None else _Weighted(weights)
    state = rule.start(_first(cap[start], token))
    maps: dict[BlockId, Tensor] = {}
    stage = start.stage
    for block in reversed(footprints.blocks[: footprints.blocks.index(start) + 1]):
        record = cap[block]
        if block.stage < stage:
            state = footprints.downsample[stage].back(state, (record.grid.height, record.grid.width))
            stage = block.stage
        state = _through_ffn(state, footprints.ffn.get(block), residual)
        state = _on_grid(rule.attention(state.flatten(1).T, record, image), record)
        state = _through(state, footprints.position.get(block))
        maps[block] = rule.shown(state)
    pixels = _through_stem(state, footprints, cap.image_size)
    in_order = dict(reversed(maps.items()))
    return Rollout(start, token, in_order, rule.shown(pixels), rule.mass(pixels))


@dataclass(frozen=True)
class _Averaged:
    """Plain rollout; the state is (relevance, relevance without any division)."""

    residual: float
    conditional: bool

    def start(self, relevance: Tensor) -> Tensor:
        return relevance.expand(2, -1, -1)

    def attention(self, columns: Tensor, record: BlockRecord, image: int) -> Tensor:
        """Return W^T r for both columns, shape (N, 2)."""
        attention = record.token_attention(image)
        if self.conditional and not record.association.is_identity:  # rows of a softmax sum to 1 as they are
            sums = self.residual + (1 - self.residual) * attention.row_sums()
            divisor = torch.where(sums > 0, sums, 1)  # a row that lost everything has nothing to hand back
            columns = columns / torch.stack([divisor, torch.ones_like(divisor)], dim=-1)
        return self.residual * columns + (1 - self.residual) * attention.apply_transposed(columns)

    def shown(self, state: Tensor) -> Tensor:
        return state[0]

    def mass(self, state: Tensor) -> float:
        return state[1].sum().item()


@dataclass(frozen=True)
class _Weighted:
    """Rollout for a class; the state is (relevance that passed an attention, relevance that never did)."""

    weights: ClassGradients

    def start(self, relevance: Tensor) -> Tensor:
        return torch.stack([torch.zeros_like(relevance), relevance])

    def attention(self, columns: Tensor, record: BlockRecord, image: int) -> Tensor:
        """Add what attention hands back of all relevance, shape (N, 2); what never passed it stays so."""
        core = self._core(record)
        association = record.association.select(image)
        mass = association.normaliser[0].unsqueeze(-1)
        pooled = association.sample(columns.sum(-1, keepdim=True)[None])[0] * mass  # Q^T r
        handed_back = association.upsample((core.apply_transposed(pooled) / mass)[None])[0]
        return columns + torch.nn.functional.pad(handed_back, (0, 1))

    def _core(self, record: BlockRecord) -> WeightedAttention:
        if not record.has_attention:
            raise NoAttentionError(record.id)
        core = self.weights.attention.get(record.id)
        if core is None or core.attention.num_tokens != record.grid.num_super_tokens:
            raise ValueError(
                f"The class weights do not fit {record.id.caption}, which has {record.grid.num_super_tokens} super "
                "tokens; compute them with `class_gradients` for the model and the image of this capture."
            )
        return core

    def shown(self, state: Tensor) -> Tensor:
        total = state[0].sum()
        return state[0] / torch.where(total > 0, total, 1)

    def mass(self, state: Tensor) -> float:
        return state[0].sum().item()


def _existing(footprints: Footprints, source: BlockId | tuple[int, int] | None) -> BlockId:
    block = footprints.blocks[-1] if source is None else BlockId(*source)
    if block not in footprints.blocks:
        last = footprints.blocks[-1]
        raise KeyError(f"There is no block {tuple(block)}; the last block of this model is {tuple(last)}, from 0.")
    return block


def _first(record: BlockRecord, token: int | None) -> Tensor:
    """Return the relevance to start from: all on one token, or the same on all, shape (H, W)."""
    tokens = record.grid.num_tokens
    relevance = at_least_single(record.output).new_full((tokens,), 1 / tokens)
    if token is not None:
        check_token(token, tokens)
        relevance = relevance.new_zeros(tokens)
        relevance[token] = 1
    return _on_grid(relevance.unsqueeze(-1), record)[0]


def _through_ffn(state: Tensor, depthwise: Footprint | None, residual: float) -> Tensor:
    return residual * state + (1 - residual) * _through(state, depthwise)


def _through(state: Tensor, footprint: Footprint | None) -> Tensor:
    """Go back through a convolution that keeps the size; None is the identity."""
    return state if footprint is None else footprint.back(state, (state.shape[1], state.shape[2]))


def _through_stem(state: Tensor, footprints: Footprints, image_size: tuple[int, int]) -> Tensor:
    sizes = [image_size]
    for footprint in footprints.stem:
        height, width = sizes[-1]
        sizes.append((-(-height // footprint.stride), -(-width // footprint.stride)))
    for footprint, size in zip(reversed(footprints.stem), reversed(sizes[:-1]), strict=True):
        state = footprint.back(state, size)
    return state


def _on_grid(columns: Tensor, record: BlockRecord) -> Tensor:
    return columns.T.unflatten(1, (record.grid.height, record.grid.width))
