"""Check whether a state dict fits a model, and say in one sentence what does not."""

from collections.abc import Mapping
from dataclasses import dataclass, field

import torch
from torch import Tensor

from stvit.config import STViTConfig
from stvit.error_text import counted, listed
from stvit.foreign_text import quoted
from stvit.variants import get_config
from stvit.weights import released_keys
from stvit.weights.errors import WeightsError
from stvit.weights.outline import Outline, classes_of_state, outline_of_config, outline_of_state

_CLASSIFIER = {"classifier.weight", "classifier.bias"}


@dataclass(frozen=True)
class NamedState:
    """A state dict under our key names.

    Attributes:
        state: Tensors under our names.
        spelling: How the file spells each of those names.
        released: Whether the file uses the released names.
        repeated: Keys of the file that mean the same as another key of it.
        constants: Keys of the file that hold nothing learned and are ignored.
    """

    state: dict[str, Tensor]
    spelling: dict[str, str]
    released: bool
    repeated: tuple[str, ...] = ()
    constants: tuple[str, ...] = ()

    def spell(self, key: str) -> str:
        """Return one of our names as the file spells it, or would spell it."""
        return self.spelling.get(key) or (released_keys.released_key(key) if self.released else key)


@dataclass(frozen=True)
class Misfit:
    """Every difference between a state dict and a model, under our names.

    Attributes:
        missing: Keys that only the model has.
        unexpected: Keys that only the state dict has.
        wrong_shape: Shapes of the other keys that differ: in the state dict, in the model.
    """

    missing: list[str] = field(default_factory=list)
    unexpected: list[str] = field(default_factory=list)
    wrong_shape: dict[str, tuple[tuple[int, ...], tuple[int, ...]]] = field(default_factory=dict)

    @property
    def keys(self) -> set[str]:
        """All keys that differ."""
        return {*self.missing, *self.unexpected, *self.wrong_shape}


def with_our_names(state: Mapping[str, Tensor]) -> NamedState:
    """Return a state dict under our names, whichever names it uses."""
    if not released_keys.is_released(state):
        return NamedState(dict(state), {key: key for key in state}, released=False)
    spelling: dict[str, str] = {}
    repeated, constants = [], []
    for key in state:
        ours = released_keys.translate_key(key)
        if released_keys.is_constant(key):
            constants.append(key)
        elif ours in spelling:
            repeated.append(key)
        else:
            spelling[ours] = key
    translated = {ours: state[key] for ours, key in spelling.items()}
    return NamedState(translated, spelling, True, tuple(repeated), tuple(constants))


def check_fit(named: NamedState, expected: Mapping[str, Tensor], config: STViTConfig, source: str) -> None:
    """Compare keys and shapes of a state dict with those of a model.

    Args:
        named: The state dict.
        expected: The model's state dict.
        config: The model's settings.
        source: How the sentence names the state dict.

    Raises:
        WeightsError: If anything is missing, unexpected or of another shape.
    """
    misfit = _compare(named.state, expected)
    if not misfit.keys and not named.repeated:
        return
    if not expected.keys() & named.state.keys():
        ours = quoted(named.spell(next(iter(expected))))
        theirs = quoted(next(iter(named.spelling.values()), "(none)"))
        reason = f"{source} holds no STViT weights: the model's keys begin with {ours}, the file's with {theirs}"
    else:
        reason = (
            _about_variant(named, config, source) or _about_classes(named, misfit, config, source)
        ) or f"{source} does not fit the model"
    raise WeightsError(
        f"{reason} ({_listing(misfit, named)}).",
        missing=map(named.spell, misfit.missing),
        unexpected=[*map(named.spell, misfit.unexpected), *named.repeated],
        wrong_shape={named.spell(key): shapes for key, shapes in misfit.wrong_shape.items()},
    )


def converted(named: NamedState, expected: Mapping[str, Tensor], source: str) -> dict[str, Tensor]:
    """Return the tensors in the model's number types, checked value by value; devices stay as they are.

    Raises:
        WeightsError: If a tensor has no data, is of a kind that weights cannot have, or holds NaN or infinity, or
            if a variance is negative.
    """
    tensors, broken, negative = {}, [], []
    for key, target in expected.items():
        value = named.state[key].detach()
        _check_kind(value, target, f"{source} holds {quoted(named.spell(key))} as")
        tensors[key] = value.to(target.dtype)
        numbers = value.float() if value.is_floating_point() and not target.is_floating_point() else tensors[key]
        if not value.is_meta and not torch.isfinite(numbers).all():
            broken.append(named.spell(key))
        elif not value.is_meta and key.endswith(".running_var") and bool((numbers < 0).any()):
            negative.append(named.spell(key))
    if broken:
        raise WeightsError(
            f"{source} holds NaN or infinity (as {_dtype_name(expected)}) in {listed(broken)}; the training that "
            "made it diverged or the file is damaged, use another one."
        )
    if negative:
        raise WeightsError(f"{source} holds negative variances in {listed(negative)}; it is damaged, use another one.")
    return tensors


def differing_settings(
    stated: STViTConfig | None, actual: STViTConfig, source: str
) -> dict[str, tuple[object, object]]:
    """Return the settings that change what the weights compute and that shapes cannot show: in file and model.

    Raises:
        WeightsError: If the heads differ: the same numbers then mean something else.
    """
    if stated is None:
        return {}
    if stated.num_heads != actual.num_heads:
        raise WeightsError(
            f"{source} was made with num_heads={stated.num_heads}, the model has {actual.num_heads}; build the "
            f"model with num_heads={stated.num_heads}."
        )
    pairs = {name: (getattr(stated, name), getattr(actual, name)) for name in ("cells", "num_iters")}
    return {name: pair for name, pair in pairs.items() if pair[0] != pair[1]}


def _compare(state: Mapping[str, Tensor], expected: Mapping[str, Tensor]) -> Misfit:
    shapes = {key: (tuple(state[key].shape), tuple(expected[key].shape)) for key in expected if key in state}
    return Misfit(
        [key for key in expected if key not in state],
        [key for key in state if key not in expected],
        {key: pair for key, pair in shapes.items() if pair[0] != pair[1]},
    )


def _about_variant(named: NamedState, config: STViTConfig, source: str) -> str | None:
    """Return the beginning of a sentence if the file holds a known size different from the model's."""
    file, model = outline_of_state(named.state), outline_of_config(config)
    if file is None or file.variant is None or file == model:
        return None
    classes = classes_of_state(named.state)
    option = "" if classes == get_config(file.variant).num_classes else f", num_classes={classes}"
    return (
        f"{source} holds {file.variant}; the model is {_name(model)}: build it with "
        f"create_model({file.variant!r}{option})"
    )


def _about_classes(named: NamedState, misfit: Misfit, config: STViTConfig, source: str) -> str | None:
    """Return the beginning of a sentence if nothing but the number of classes differs."""
    classes = classes_of_state(named.state)
    if named.repeated or not misfit.keys <= _CLASSIFIER or classes == config.num_classes:
        return None
    holds = f"a classifier of {counted(classes, 'class', 'classes')}" if classes else "no classifier"
    return (
        f"{source} holds {holds}, the model has {config.num_classes or 'no'} classes: build it with "
        f"num_classes={classes}"
    )


def _name(outline: Outline) -> str:
    return outline.variant or f"one of embed_dims {outline.embed_dims} and depths {outline.depths}"


def _listing(misfit: Misfit, named: NamedState) -> str:
    """Return the differing keys for the end of a sentence."""
    shapes = [f"{named.spell(key)} {file} for {model}" for key, (file, model) in misfit.wrong_shape.items()]
    parts = {
        "missing": [named.spell(key) for key in misfit.missing],
        "unexpected": [named.spell(key) for key in misfit.unexpected],
        "wrong shape": shapes,
        "given twice": list(named.repeated),
    }
    return "; ".join(f"{what}: {listed(keys)}" for what, keys in parts.items() if keys)


def _check_kind(value: Tensor, target: Tensor, what: str) -> None:
    """Refuse tensors that could be copied but are not meaningful weights."""
    if value.is_meta and not target.is_meta:
        raise WeightsError(f"{what} a shape without data (device 'meta'); give tensors with values.")
    fits = value.is_floating_point() or (not target.is_floating_point() and not value.is_complex())
    if not fits or value.dtype == torch.bool:
        raise WeightsError(f"{what} {value.dtype}, expected {target.dtype} or another type of floats.")


def _dtype_name(expected: Mapping[str, Tensor]) -> str:
    return str(next(iter(expected.values())).dtype).removeprefix("torch.")
