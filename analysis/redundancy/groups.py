"""The metrics in the groups in which people look for them; read without importing torch."""

from collections.abc import Iterable

from analysis.redundancy.catalogue import CATALOGUE

FIRST = ("normalised_entropy", "head_cosine", "effective_rank", "token_cosine")
"""What says most about redundancy: rows near uniform, heads alike, rows alike, tokens alike."""

GROUPS: dict[str, tuple[str, ...]] = {
    "Redundancy at a glance": FIRST,
    "Spread of a row": ("entropy", "perplexity", "top_mass", "tokens_for_50", "tokens_for_90", "tokens_for_99"),
    "Reach": ("distance", "local_mass", "mass"),
    "Heads against heads": ("head_divergence",),
    "Attention received": ("received", "received_max", "sinks", "sink_mass"),
    "Rank": ("stable_rank",),
    "Tokens": (
        "token_neighbour_cosine",
        "token_rank_one_residual",
        "super_token_cosine",
        "super_token_neighbour_cosine",
        "super_token_rank_one_residual",
        "cka_previous",
    ),
    "Association": (
        "leakage",
        "phantom_leakage",
        "padding_leakage",
        "association_entropy",
        "association_margin",
        "moved_share",
        "empty_super_tokens",
        "disconnected_super_tokens",
    ),
}

OTHERS = "Others"
"""Group of a metric that is in none of the above."""


def group_of(metric: str) -> str:
    """Return the group of a metric.

    Example:
        >>> group_of("sinks")
        'Attention received'
    """
    return next((group for group, names in GROUPS.items() if metric in names), OTHERS)


def grouped(metrics: Iterable[str]) -> list[str]:
    """Return metrics group by group; within one, as they stand there, and others as in the catalogue."""
    order = [name for names in GROUPS.values() for name in names]
    known = [*order, *(name for name in CATALOGUE if name not in order)]
    return sorted(metrics, key=known.index)


def listed_title(metric: str) -> str:
    """Return what a list of all metrics calls one: its group and its title, the title alone for the first ones.

    Example:
        >>> listed_title("sinks"), listed_title("effective_rank")
        ('Attention received: Sinks', 'Effective rank')
    """
    title = CATALOGUE[metric].title
    return title if metric in FIRST else f"{group_of(metric)}: {title}"
