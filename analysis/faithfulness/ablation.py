"""Ablation inside the model: super tokens or heads of chosen blocks dropped, or replaced by a mean.

Hooks do it, on the shared model, for the calling thread alone. Each row of a batch may lack other parts, so that "what
if this super token were not there" is asked for every super token of a block in a few runs.

- A super token that is dropped takes no attention (its logits are `NOWHERE` as a key) and hands nothing back to its
  tokens; they keep what their residual holds. Q and Q-hat stay as they are.
- A super token that is replaced takes the mean feature of all super tokens of the picture before queries, keys and
  values are made from it.
- A head that is dropped adds nothing before the output projection; one that is replaced adds the same everywhere, the
  mean of what it gives.

With cell 1 every token is its own super token.
"""

from collections.abc import Callable, Iterator, Sequence
from contextlib import AbstractContextManager
from dataclasses import dataclass, replace
from functools import partial
from typing import Any, Literal, get_args

import torch
from jaxtyping import Bool, Float
from torch import Tensor, nn
from torch.utils.hooks import RemovableHandle

from analysis.faithfulness.runs import BATCH_PIXELS
from stvit import BlockId, STViT
from stvit.attention import SelfAttention, SuperTokenAttention
from stvit.capturing.records import NoAttentionError
from stvit.capturing.shared_model import attached, evaluating, in_this_thread
from stvit.mixers import LocalConvolution, WindowAttention
from stvit.partial_runs import check_known, features_before, logits_from

How = Literal["drop", "mean"]

Part = Literal["super_tokens", "heads"]

NOWHERE = 1e4
"""What the logits of a dropped key lose: e^-10000 is 0 in every precision."""


@dataclass(frozen=True, eq=False)
class Ablation:
    """Parts of one block that are taken out.

    Attributes:
        block: Which block.
        part: "super_tokens" or "heads".
        chosen: Which parts are taken out in each run of the batch, shape (runs, parts); one row serves all runs.
        how: "drop" them, or put their "mean" in their place.
    """

    block: BlockId
    part: Part
    chosen: Bool[Tensor, "runs parts"]
    how: How = "drop"

    @classmethod
    def of(
        cls,
        model: STViT,
        block: BlockId,
        part: Part,
        numbers: Sequence[int],
        count: int,
        how: How = "drop",
    ) -> "Ablation":
        """Return the ablation of some parts by number, from 0, in a single run.

        Raises:
            IndexError: If a number is not below `count`.
            ValueError: If the block has no such parts, or `how` is unknown.
        """
        _module(model, block, part)
        missing = [number for number in numbers if not 0 <= number < count]
        if missing:
            raise IndexError(
                f"There is no {part[:-1].replace('_', ' ')} {missing[0]} in {block.caption}; they are numbered 0 to "
                f"{count - 1}."
            )
        chosen = torch.zeros(1, count, dtype=torch.bool)
        chosen[0, list(numbers)] = True
        return cls(block, part, chosen, how)

    def rows(self, start: int, stop: int) -> "Ablation":
        """Return the ablation in the runs from start to stop (excluded)."""
        return self if len(self.chosen) == 1 else replace(self, chosen=self.chosen[start:stop])


@torch.no_grad()
def ablated(
    model: STViT,
    pixels: Float[Tensor, "1 channels height width"],
    ablations: Sequence[Ablation],
    told: Callable[[int], None] = lambda done: None,
) -> Float[Tensor, "runs classes"]:
    """Run the model with parts taken out, in batches, and return the logits of each run.

    What lies before the first block that lacks something is run once for all.

    Args:
        model: The model, which runs in evaluation mode.
        pixels: One normalised image, shape (1, 3, H, W).
        ablations: What is taken out; all with the same number of runs, or one.
        told: Called between layers with the number of runs that are done; what it raises ends the others.

    Raises:
        KeyError: If there is no such block.
        ValueError: If a block has no such parts, the masks do not fit it, or `how` is unknown.
    """
    runs = max((len(one.chosen) for one in ablations), default=1)
    for one in ablations:
        if len(one.chosen) not in (1, runs) or one.how not in get_args(How):
            raise ValueError(
                f"Expected 1 or {runs} rows of parts to {' or '.join(get_args(How))}, got {len(one.chosen)} to "
                f"{one.how!r}."
            )
    first = min((one.block for one in ablations), default=next(iter(model.blocks())))
    size, found = max(1, BATCH_PIXELS // pixels[0, 0].numel()), list[Tensor]()
    with evaluating(model):
        entering = features_before(model, pixels, first)
        for start in range(0, runs, size):
            part = [one.rows(start, start + size) for one in ablations]
            batch = entering.expand(min(size, runs - start), -1, -1, -1)
            with _taken_out(model, part):
                found.append(logits_from(model, batch, first, partial(told, start)))
    told(runs)
    return torch.cat(found)


def _taken_out(model: STViT, ablations: Sequence[Ablation]) -> AbstractContextManager[None]:
    """Return the context in which the model lacks what is taken out."""
    modules = ((_module(model, one.block, one.part), one) for one in ablations)
    return attached(handle for mixer, one in modules for handle in _hooked(mixer, one))


def _module(model: STViT, block: BlockId, part: str) -> SuperTokenAttention | WindowAttention:
    """Return the attention of a block, if it has such parts."""
    check_known(model, block)
    mixer = model.blocks()[block].attention
    if isinstance(mixer, LocalConvolution):
        raise NoAttentionError(block)
    if part == "super_tokens" and not isinstance(mixer, SuperTokenAttention):
        raise ValueError(f"{block.caption.capitalize()} attends inside windows and has no super tokens; choose heads.")
    return mixer


def _hooked(mixer: SuperTokenAttention | WindowAttention, ablation: Ablation) -> Iterator[RemovableHandle]:
    """Attach the hooks of one ablation."""
    inner = mixer.refine if isinstance(mixer, SuperTokenAttention) else mixer
    if ablation.part == "heads":
        yield inner.proj.register_forward_pre_hook(_mine(_without_heads(inner.heads, ablation)))
    elif ablation.how == "mean":
        assert isinstance(mixer, SuperTokenAttention)  # _module refused the others
        yield mixer.tap_super_tokens.register_forward_hook(_mine(_averaged(ablation)))
    else:
        assert isinstance(inner, SelfAttention)
        yield inner.tap_query_key.register_forward_hook(_mine(_unattended(ablation)))
        yield inner.register_forward_hook(_mine(_silent(ablation)))


def _mine(change: Callable[[Any], Any]) -> Callable[..., Any]:
    """Return a hook that changes a module's output, or the input of a pre-hook, in this thread only."""

    def hook(module: nn.Module, inputs: Any, output: Any = None) -> Any:
        return change(inputs if output is None else output)

    return in_this_thread(hook)


def _parts(ablation: Ablation, like: Tensor, count: int) -> Bool[Tensor, "runs parts"]:
    if ablation.chosen.shape[1] != count:
        raise ValueError(
            f"{ablation.block.caption.capitalize()} has {count} {ablation.part.replace('_', ' ')} here, got choices "
            f"for {ablation.chosen.shape[1]}."
        )
    return ablation.chosen.to(like.device).expand(len(like), -1)


def _averaged(ablation: Ablation) -> Callable[[tuple[Tensor]], tuple[Tensor]]:
    def change(output: tuple[Tensor]) -> tuple[Tensor]:
        (features,) = output
        return (torch.where(_on_map(ablation, features), features.mean((2, 3), keepdim=True), features),)

    return change


def _silent(ablation: Ablation) -> Callable[[Tensor], Tensor]:
    return lambda refined: refined.masked_fill(_on_map(ablation, refined), 0)


def _on_map(ablation: Ablation, features: Tensor) -> Bool[Tensor, "runs 1 rows columns"]:
    return _parts(ablation, features, features[0, 0].numel()).unflatten(1, features.shape[2:]).unsqueeze(1)


def _unattended(ablation: Ablation) -> Callable[[tuple[Tensor, Tensor]], tuple[Tensor, Tensor]]:
    """Give queries and keys one more dimension, whose product is -NOWHERE for the chosen keys and 0 for the others."""

    def change(output: tuple[Tensor, Tensor]) -> tuple[Tensor, Tensor]:
        query, key = output
        count, dim = key.shape[-2:]
        scale = ((dim + 1) / dim) ** 0.5  # the attention divides by the root of its dimensions, now one more
        column = _parts(ablation, key, count)[:, None, :, None].expand(-1, key.shape[1], -1, 1)
        aside = torch.where(column, -NOWHERE, 0.0).to(key)
        ones = query.new_full((*query.shape[:-1], 1), (dim + 1) ** 0.5)
        return torch.cat([query * scale, ones], -1), torch.cat([key, aside], -1)

    return change


def _without_heads(heads: int, ablation: Ablation) -> Callable[[tuple[Tensor]], tuple[Tensor]]:
    def change(inputs: tuple[Tensor]) -> tuple[Tensor]:
        (mixed,) = inputs
        by_head = mixed.unflatten(1, (heads, -1))
        chosen = _parts(ablation, mixed, heads)[:, :, None, None, None]
        mean = by_head.mean((3, 4), keepdim=True) if ablation.how == "mean" else torch.zeros_like(by_head)
        return (torch.where(chosen, mean, by_head).flatten(1, 2),)

    return change
