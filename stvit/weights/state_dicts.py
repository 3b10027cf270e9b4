"""The state dict inside a checkpoint: unwrapped, without prefixes, with notes on what was ignored."""

import re
from collections.abc import Collection, Mapping
from dataclasses import dataclass
from typing import Any

import torch
from torch import Tensor
from torch.nn.parameter import is_lazy

from stvit.error_text import counted, listed
from stvit.foreign_text import quoted
from stvit.weights.errors import WeightsError
from stvit.weights.stand_ins import kind_of

MAX_TENSORS = 20_000
"""Greatest number of tensors in a state dict: the deepest model has a third of it."""

_AVERAGED = ("model_ema", "state_dict_ema", "ema_state_dict", "ema_model", "ema")
_PREFERRED = (
    "averaged",
    *("model", "state_dict", "model_state_dict", "net", "network", "module", "backbone", "encoder", "student"),
    *(*_AVERAGED, "teacher"),
)
"""Names under which people keep the state dict, or a model inside a larger one, in the order of preference.

Raw weights come before averaged ones, as in the released files; the runs of `training/` keep averaged weights under
"averaged", and it is those that they evaluate and export."""

_TRANSPARENT = {"module", "_orig_mod", "_fsdp_wrapped_module", "_checkpoint_wrapped_module"}
"""Parts of a key that compiled, parallel and checkpointed modules add, at any depth."""

_ANCHOR = re.compile(r"(|.*\.)(?:stem|patch_embed\.proj)\.0\.weight")
"""The first weight of an STViT; what stands before it stands before all its keys."""

_DEEPEST = 4
"""Mappings inside each other at most, down to the state dict."""

_MOST_MAPPINGS = 200
"""Mappings of a checkpoint that are looked into, which bounds the depth too."""


@dataclass(frozen=True)
class FoundState:
    """A state dict that was found.

    Attributes:
        state: Tensors by key, without prefixes.
        notes: Sentences about what was taken and what was ignored.
    """

    state: dict[str, Tensor]
    notes: tuple[str, ...] = ()


def find_state(content: Any, source: str, from_file: bool = True) -> FoundState:
    """Return the state dict in a checkpoint.

    Args:
        content: A mapping of names to tensors, or one that holds such a mapping under a usual name.
        source: How a sentence names it.
        from_file: Whether it was read from a file: its tensors must then have values of their own.

    Raises:
        WeightsError: If there is none, if it is not clear which one is meant, or if an entry is not a tensor.
    """
    notes: list[str] = []
    for _ in range(_DEEPEST):
        if not isinstance(content, Mapping):
            raise WeightsError(f"{source} holds {kind_of(content)}; expected a mapping of names to tensors.")
        inner = _inner_mappings(content)
        if not inner:
            break
        name = _choose(inner, source, notes)
        content = inner[name]
    state = _tensors(content, source, notes)
    check_tensors(state, source, from_file)
    return FoundState(_one_model(_without_transparent(state, source, notes), source, notes), tuple(notes))


def check_tensors(state: Mapping[str, Tensor], source: str, from_file: bool) -> None:
    """Refuse tensors that cannot be weights of any model.

    Raises:
        WeightsError: If there are too many, or if one is sparse, quantised, nested, without data, or (in a file)
            claims more numbers than it holds.
    """
    if len(state) > MAX_TENSORS:
        raise WeightsError(f"{source} holds {len(state):,} tensors, more than the {MAX_TENSORS:,} of any STViT.")
    for key, value in state.items():
        if kind := _useless_kind(value, from_file):
            raise WeightsError(f"{source} holds {quoted(key)} as {kind}; give dense tensors of floats with values.")


def _useless_kind(value: Tensor, from_file: bool) -> str | None:
    if is_lazy(value):
        return "a parameter without a shape"
    if value.is_nested:
        return "a nested tensor"
    if value.is_quantized:
        return "a quantised tensor"
    if value.layout != torch.strided:
        return "a sparse tensor"
    if from_file and value.is_meta:
        return "a shape without data (device 'meta')"
    if from_file and value.numel() * value.itemsize > value.untyped_storage().nbytes():
        return "a few numbers repeated"
    return None


def _inner_mappings(content: Mapping[Any, Any]) -> dict[str, Mapping[Any, Any]]:
    """Return the mappings that may be, or hold, the state dict: those of usual names, else the only one of tensors."""
    known = {name: content[name] for name in _PREFERRED if isinstance(content.get(name), Mapping)}
    known = {name: inner for name, inner in known.items() if _holds_a_tensor(inner, set())} or known
    if known or any(isinstance(value, Tensor) for value in content.values()):
        return known
    return {
        name: inner
        for name, inner in content.items()
        if isinstance(name, str) and isinstance(inner, Mapping) and _holds_tensors(inner)
    }


def _holds_a_tensor(mapping: Mapping[Any, Any], seen: set[int]) -> bool:
    if id(mapping) in seen or len(seen) > _MOST_MAPPINGS:
        return False
    seen.add(id(mapping))
    values = list(mapping.values())
    if any(isinstance(value, Tensor) for value in values):
        return True
    return any(_holds_a_tensor(value, seen) for value in values if isinstance(value, Mapping))


def _holds_tensors(mapping: Mapping[Any, Any]) -> bool:
    return bool(mapping) and all(isinstance(value, Tensor) for value in mapping.values())


def _choose(names: Collection[str], source: str, notes: list[str]) -> str:
    """Return which of several models is taken, and add a note where another could have been meant."""
    last = {name: name.split(".")[-1] or "model" for name in names}
    known = [name for wanted in _PREFERRED for name in names if last[name] == wanted]
    if {"student", "teacher"} <= set(last.values()):
        raise WeightsError(
            f"{source} holds a student and a teacher, which are two models; save one of them in a file of its own."
        )
    if not known and len(names) > 1:
        raise WeightsError(
            f"{source} holds several models ({listed(map(quoted, names))}); save one of them in a file of its own."
        )
    taken = known[0] if known else next(iter(names))
    others = [name or "(no prefix)" for name in names if name != taken]
    averaged = "averaged " if last[taken] in ("averaged", *_AVERAGED) else ""
    if others or averaged or not known or last[taken] == "teacher":
        raw = "raw " if others and not averaged and {*map(last.get, names)} & {"averaged", *_AVERAGED} else ""
        rest = f", not those under {listed(map(quoted, others))}" if others else ""
        notes.append(f"Took the {averaged}{raw}weights under {quoted(taken or '(no prefix)')}{rest}.")
    return taken


def _tensors(content: Any, source: str, notes: list[str]) -> dict[str, Tensor]:
    """Return the tensors of a state dict; plain values beside them are ignored."""
    if not isinstance(content, Mapping) or not content:
        raise WeightsError(f"{source} holds no tensors.")
    state = {key: value for key, value in content.items() if isinstance(key, str) and isinstance(value, Tensor)}
    others = {key: value for key, value in content.items() if key not in state}
    for key, value in others.items():
        if not state or not isinstance(key, str) or "." in key:
            raise WeightsError(
                f"{source} holds {kind_of(value)} under {quoted(key)}; expected a mapping of names to tensors."
            )
    if others:
        notes.append(f"Ignored what is not a tensor: {listed(map(quoted, others))}.")
    return state


def _without_transparent(state: dict[str, Tensor], source: str, notes: list[str]) -> dict[str, Tensor]:
    """Drop the parts of keys that wrappers of modules add, and the counter of an averaged model."""
    plain: dict[str, Tensor] = {}
    for key, value in state.items():
        name = ".".join(part for part in key.split(".") if part not in _TRANSPARENT)
        if name in plain:
            raise WeightsError(f"{source} holds {quoted(name)} twice, with and without the prefix of a wrapper.")
        plain[name] = value
    if len(plain) > 1 and plain.pop("n_averaged", None) is not None:
        notes.append("These are averaged weights.")
    return plain


def _one_model(state: dict[str, Tensor], source: str, notes: list[str]) -> dict[str, Tensor]:
    """Return the entries of one STViT from a state dict that may hold several, or other networks beside it."""
    prefixes = {match[1] for match in map(_ANCHOR.fullmatch, state) if match}
    if not prefixes:
        return _without_shared_prefix(state)
    taken = _choose([prefix.rstrip(".") for prefix in prefixes], source, notes) if prefixes != {""} else ""
    prefix = f"{taken}." if taken else ""
    others = tuple(other for other in prefixes if other and other != prefix)
    own = {key: value for key, value in state.items() if not (others and key.startswith(others))}
    inside = {key.removeprefix(prefix): value for key, value in own.items() if key.startswith(prefix)}
    if outside := [key for key in own if not key.startswith(prefix)]:
        notes.append(f"Ignored {counted(len(outside), 'tensor')} outside {quoted(prefix)}: {listed(outside)}.")
    return inside


def _without_shared_prefix(state: dict[str, Tensor]) -> dict[str, Tensor]:
    """Drop usual names that every key begins with, where the first weight is missing."""
    for name in _PREFERRED * 2:
        if all(key.startswith(f"{name}.") for key in state):
            state = {key.removeprefix(f"{name}."): value for key, value in state.items()}
    return state
