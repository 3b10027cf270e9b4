"""The kinds of attention as data: what each is called, how it is drawn, and what makes it from a captured block.

Read without importing torch. `KINDS` maps names to `Kind`s in the order in which they are listed to people; pages,
commands, figures and documents read its fields `name`, `title`, `short`, `colour`, `dash` and `sentence`.

To add a kind, write its class (a subclass of `stvit.Attention`) with a function that makes it from a
`stvit.BlockRecord`, and add an entry here.
"""

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from functools import partial
from pkgutil import resolve_name
from typing import TYPE_CHECKING, Any, TypeAlias

if TYPE_CHECKING:
    from stvit import Attention

SourceRule: TypeAlias = "Callable[[Any], Attention]"
"""Makes an attention from the record of one block and one image."""

ALL_PAIRS_TOKENS = 10_000
"""Above this many tokens what looks at all pairs of them takes minutes here, and seconds in a browser."""

DEFAULT_WINDOW = 7
"""Tokens per window and axis of local attention, as in Swin (Liu et al., ICCV 2021)."""


@dataclass(frozen=True)
class Kind:
    """A kind of attention.

    Attributes:
        name: Its name in tables, commands and addresses.
        title: Heading and entry in a legend.
        short: Its label where several stand side by side.
        colour: Its colour in every figure, as #RRGGBB.
        dash: Its line in every figure: "solid", "dash", "dot" or "dashdot".
        sentence: What it is, for people.
        rule: What makes it from the record of one image: a function, or its address as "module:name", which is
            imported when it is first used.
        windowed: Whether the rule also takes `window`, the tokens per window and axis.
        quick: Whether it can be measured in seconds at any size; the others above `ALL_PAIRS_TOKENS` tokens cannot.
    """

    name: str
    title: str
    short: str
    colour: str
    dash: str
    sentence: str
    rule: str | Callable[..., Any]
    windowed: bool = False
    quick: bool = False


KINDS: dict[str, Kind] = {
    kind.name: kind
    for kind in (
        Kind(
            "super",
            "Super token attention",
            "Super token",
            "#0072B2",
            "solid",
            "Token attention Q A(S) Q-hat^T, what the block does; without super tokens the block's own attention.",
            "analysis.attention.baselines:block_attention",
            quick=True,
        ),
        Kind(
            "global",
            "Global attention",
            "Global",
            "#D55E00",
            "dash",
            "softmax(q k^T / sqrt(d)) over all tokens, from the block's own projections.",
            "analysis.attention.baselines:global_attention",
        ),
        Kind(
            "local",
            "Local attention",
            "Local",
            "#009E73",
            "dashdot",
            "The same inside windows of tokens that do not overlap.",
            "analysis.attention.baselines:local_attention",
            windowed=True,
            quick=True,
        ),
        Kind(
            "uniform",
            "Uniform attention",
            "Uniform",
            "#44AA99",
            "dot",
            "1 / N everywhere: the most redundant attention there is.",
            "analysis.attention.baselines:uniform_attention",
        ),
        Kind(
            "identity",
            "Identity",
            "Identity",
            "#332288",
            "dot",
            "Every token attends to itself only.",
            "analysis.attention.baselines:identity_attention",
        ),
        Kind(
            "grid",
            "Regular grid",
            "Grid",
            "#7F7F7F",
            "solid",
            "Token attention with the regular grid as its association.",
            "analysis.attention.baselines:grid_attention",
            quick=True,
        ),
        Kind(
            "hard",
            "Hard association",
            "Hard",
            "#AA4499",
            "dash",
            "Token attention in which each token belongs to its heaviest super token alone.",
            "analysis.attention.baselines:hard_attention",
            quick=True,
        ),
    )
}
"""All kinds by name."""


OWN = "super"
"""Name of the kind that is what the blocks of a model do, whatever mixes their tokens."""


def own_title(has_super_tokens: bool) -> str:
    """Return what people call the attention that a model itself computes, the kind "super".

    Args:
        has_super_tokens: Whether any block of the model has super tokens.

    Example:
        >>> own_title(True), own_title(False)
        ('Super token attention', 'Attention of the model')
    """
    return KINDS[OWN].title if has_super_tokens else "Attention of the model"


def chosen_kinds(names: str | Iterable[str]) -> list[Kind]:
    """Return the kinds of these names, in the order given.

    Raises:
        ValueError: If a name is unknown; the message lists the known ones.

    Example:
        >>> [kind.title for kind in chosen_kinds(["super", "global"])]
        ['Super token attention', 'Global attention']
    """
    wanted = [names] if isinstance(names, str) else list(names)
    unknown = [str(name) for name in wanted if name not in KINDS]
    if unknown:
        raise ValueError(f"There is no attention named {', '.join(unknown)}; known are {', '.join(KINDS)}.")
    return [KINDS[name] for name in wanted]


def attention_rules(
    attentions: Iterable[str] | Mapping[str, SourceRule], window: int | tuple[int, int] = DEFAULT_WINDOW
) -> Mapping[str, SourceRule]:
    """Return, by name, what makes each kind of attention from the record of one image.

    Args:
        attentions: Names of `KINDS`; or a mapping from names to functions, which is returned as it is.
        window: Tokens per window and axis of local attention.

    Raises:
        ValueError: If a name is unknown; the message lists the known ones.

    Example:
        >>> list(attention_rules(["super", "local"]))
        ['super', 'local']
    """
    if isinstance(attentions, Mapping):
        return attentions
    return {kind.name: _rule(kind, window) for kind in chosen_kinds(attentions)}


def _rule(kind: Kind, window: int | tuple[int, int]) -> SourceRule:
    rule = resolve_name(kind.rule) if isinstance(kind.rule, str) else kind.rule
    return partial(rule, window=window) if kind.windowed else rule
