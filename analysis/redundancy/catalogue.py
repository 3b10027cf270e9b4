"""Every number of the ledger by name: unit, meaning and what it belongs to."""

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Literal

Scope = Literal["token", "head", "block"]


@dataclass(frozen=True)
class Metric:
    """What one number says.

    Attributes:
        name: Name in the ledger.
        scope: "token": one value per token and head, the ledger holds the mean over tokens; "head": one value per
            head; "block": one value per block, without heads.
        unit: Its unit.
        meaning: One sentence for people.
    """

    name: str
    scope: Scope
    unit: str
    meaning: str


ESTIMATE = "_estimate"
"""Ending of the name of a number that is an estimate, not exact."""

_ROWS = [
    ("mass", "share", "What a row sums to: 1 - leakage. All other row metrics are conditional on it."),
    ("entropy", "nats", "How spread out a row is; at most log N."),
    ("normalised_entropy", "share", "Entropy over log N: 0 for one token, 1 for uniform attention."),
    ("perplexity", "tokens", "exp(entropy): as many tokens as a uniform row of this entropy has."),
    ("distance", "px", "Mean distance from the anchor to what it attends to, in image pixels."),
    ("local_mass", "share", "Share of the attention within the window of tokens around the anchor."),
    ("top_mass", "share", "Share of the attention on the heaviest tokens."),
    ("tokens_for_50", "tokens", "Fewest tokens that hold 50 % of the attention."),
    ("tokens_for_90", "tokens", "Fewest tokens that hold 90 % of the attention."),
    ("tokens_for_99", "tokens", "Fewest tokens that hold 99 % of the attention."),
    ("received", "rows", "Attention received from all tokens (column sum); 1 is a fair share."),
    ("head_divergence", "nats", "Mean Jensen-Shannon divergence from the other heads; at most log 2."),
    ("head_cosine", "cosine", "Mean cosine between a row and the same row of the other heads."),
]

_HEADS = [
    ("received_max", "rows", "Attention received by the token that receives most; 1 is a fair share."),
    ("sinks", "tokens", "Tokens that receive more than ten times their fair share."),
    ("sink_mass", "share", "Share of all attention that sinks receive."),
    ("effective_rank", "dimensions", "exp(entropy of the singular values / their sum) (Roy and Vetterli, 2007)."),
    ("stable_rank", "dimensions", "Squared Frobenius norm over squared largest singular value."),
    ("effective_rank_estimate", "dimensions", "Effective rank from a random sketch: an estimate for many tokens."),
    ("stable_rank_estimate", "dimensions", "Stable rank from a random sketch: an estimate for many tokens."),
]

_BLOCKS = [
    ("token_cosine", "cosine", "Mean cosine between any two tokens that enter the attention."),
    ("token_neighbour_cosine", "cosine", "Mean cosine between tokens side by side."),
    ("token_rank_one_residual", "share", "Norm of the tokens without their mean over their norm; 0: all alike."),
    ("super_token_cosine", "cosine", "Mean cosine between any two super tokens."),
    ("super_token_neighbour_cosine", "cosine", "Mean cosine between super tokens side by side."),
    ("super_token_rank_one_residual", "share", "Norm of the super tokens without their mean over their norm."),
    ("cka_previous", "share", "Linear CKA (unbiased) between the tokens of this block and the one captured before."),
    ("leakage", "share", "Attention mass lost to phantoms and padding, mean over tokens and heads."),
    ("phantom_leakage", "share", "Part of the leakage that phantoms took."),
    ("padding_leakage", "share", "Part of the leakage that padding tokens and empty super tokens took."),
    ("association_entropy", "nats", "How undecided a token is between super tokens, conditional on its mass."),
    ("association_margin", "share", "Weight of the best super token minus that of the second, conditional."),
    ("moved_share", "share", "Tokens whose best super token is not that of their own cell."),
    ("empty_super_tokens", "super tokens", "Super tokens that are no token's best."),
    ("disconnected_super_tokens", "super tokens", "Super tokens whose tokens form several 4-connected parts."),
]

_SCOPES: tuple[tuple[Scope, list[tuple[str, str, str]]], ...] = (("token", _ROWS), ("head", _HEADS), ("block", _BLOCKS))

CATALOGUE: dict[str, Metric] = {
    name: Metric(name, scope, unit, meaning) for scope, entries in _SCOPES for name, unit, meaning in entries
}
"""All metrics by name, in the order of the ledger."""

ROW_METRICS = tuple(name for name, _, _ in _ROWS)
HEAD_METRICS = tuple(name for name, _, _ in _HEADS)
BLOCK_METRICS = tuple(name for name, _, _ in _BLOCKS)


def chosen_metrics(names: Iterable[str] | None) -> tuple[str, ...]:
    """Return the wanted metrics in the order of the catalogue; all if None.

    A name also stands for its estimate: "effective_rank" asks for "effective_rank_estimate" where only that can be
    had, and the other way round.

    Raises:
        ValueError: If a name is unknown; the message lists the known ones.
    """
    if names is None:
        return tuple(CATALOGUE)
    wanted = {names} if isinstance(names, str) else set(names)
    unknown = sorted(wanted - set(CATALOGUE))
    if unknown:
        raise ValueError(f"Unknown metrics {', '.join(unknown)}; known are {', '.join(CATALOGUE)}.")
    stems = {name.removesuffix(ESTIMATE) for name in wanted}
    return tuple(name for name in CATALOGUE if name.removesuffix(ESTIMATE) in stems)
