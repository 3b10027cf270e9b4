"""Every number of the ledger as data: what it is called, its unit, what it belongs to and how to read it.

Read without importing torch. `CATALOGUE` maps names to `Metric`s in the order of the ledger; pages, commands, figures
and documents read their fields `name`, `title`, `unit`, `scope`, `redundant`, `sentence`, `is_estimate` and `link`.

To add a metric, write what computes it (for one of rows, a property of `analysis.redundancy.row_metrics.RowMetrics`),
and add an entry here.
"""

from collections.abc import Iterable

from analysis.redundancy.metric import ESTIMATE, Metric, Scope

CATALOGUE: dict[str, Metric] = {
    metric.name: metric
    for metric in (
        Metric(
            "mass",
            "Mass kept",
            "share",
            "token",
            None,
            "What a row sums to: 1 - leakage. All other row metrics are conditional on it.",
        ),
        Metric("entropy", "Entropy", "nats", "token", "high", "How spread out a row is; at most log N."),
        Metric(
            "normalised_entropy",
            "Normalised entropy",
            "share",
            "token",
            "high",
            "Entropy over log N: 0 for one token, 1 for uniform attention.",
        ),
        Metric(
            "perplexity",
            "Perplexity",
            "tokens",
            "token",
            "high",
            "exp(entropy): the number of tokens of a uniform row with the same entropy.",
        ),
        Metric(
            "distance",
            "Distance",
            "px",
            "token",
            None,
            "Mean distance from the anchor to what it attends to, in image pixels.",
        ),
        Metric(
            "local_mass",
            "Local mass",
            "share",
            "token",
            None,
            "Share of the attention within the window of tokens around the anchor.",
        ),
        Metric("top_mass", "Top mass", "share", "token", "low", "Share of the attention on the heaviest tokens."),
        Metric(
            "tokens_for_50",
            "Tokens for 50 %",
            "tokens",
            "token",
            "high",
            "Fewest tokens that hold 50 % of the attention.",
        ),
        Metric(
            "tokens_for_90",
            "Tokens for 90 %",
            "tokens",
            "token",
            "high",
            "Fewest tokens that hold 90 % of the attention.",
        ),
        Metric(
            "tokens_for_99",
            "Tokens for 99 %",
            "tokens",
            "token",
            "high",
            "Fewest tokens that hold 99 % of the attention.",
        ),
        Metric(
            "received",
            "Received",
            "rows",
            "token",
            None,
            "Attention received from all tokens (column sum); 1 is a fair share.",
            rule="analysis.redundancy.received:received",
            takes="received",
        ),
        Metric(
            "head_divergence",
            "Head divergence",
            "nats",
            "token",
            "low",
            "Mean Jensen-Shannon divergence from the other heads; at most log 2.",
        ),
        Metric(
            "head_cosine",
            "Head cosine",
            "cosine",
            "token",
            "high",
            "Mean cosine between a row and the same row of the other heads.",
        ),
        Metric(
            "received_max",
            "Received max",
            "rows",
            "head",
            "high",
            "Attention received by the token that receives most; 1 is a fair share.",
            rule="analysis.redundancy.received:received_max",
            takes="received",
        ),
        Metric(
            "sinks",
            "Sinks",
            "tokens",
            "head",
            None,
            "Tokens that receive more than ten times their fair share.",
            rule="analysis.redundancy.received:sinks",
            takes="received",
        ),
        Metric(
            "sink_mass",
            "Sink mass",
            "share",
            "head",
            "high",
            "Share of all attention that sinks receive.",
            rule="analysis.redundancy.received:sink_mass",
            takes="received",
        ),
        Metric(
            "effective_rank",
            "Effective rank",
            "dimensions",
            "head",
            "low",
            "exp(entropy of the singular values / their sum) (Roy and Vetterli, 2007).",
            rule="analysis.redundancy.ranks:effective_rank",
            takes="spectrum",
        ),
        Metric(
            "stable_rank",
            "Stable rank",
            "dimensions",
            "head",
            "low",
            "Squared Frobenius norm over squared largest singular value.",
            rule="analysis.redundancy.ranks:stable_rank",
            takes="spectrum",
        ),
        Metric(
            "effective_rank_estimate",
            "Effective rank (estimate)",
            "dimensions",
            "head",
            "low",
            "Effective rank from a random sketch: an estimate for many tokens.",
            rule="analysis.redundancy.ranks:effective_rank",
            takes="spectrum",
        ),
        Metric(
            "stable_rank_estimate",
            "Stable rank (estimate)",
            "dimensions",
            "head",
            "low",
            "Stable rank from a random sketch: an estimate for many tokens.",
            rule="analysis.redundancy.ranks:stable_rank",
            takes="spectrum",
        ),
        Metric(
            "token_cosine",
            "Token cosine",
            "cosine",
            "block",
            "high",
            "Mean cosine between any two tokens that enter the attention.",
        ),
        Metric(
            "token_neighbour_cosine",
            "Token neighbour cosine",
            "cosine",
            "block",
            "high",
            "Mean cosine between tokens side by side.",
        ),
        Metric(
            "token_rank_one_residual",
            "Token rank-one residual",
            "share",
            "block",
            "low",
            "Norm of the tokens without their mean over their norm; 0: all alike.",
        ),
        Metric(
            "super_token_cosine",
            "Super token cosine",
            "cosine",
            "block",
            "high",
            "Mean cosine between any two super tokens.",
        ),
        Metric(
            "super_token_neighbour_cosine",
            "Super token neighbour cosine",
            "cosine",
            "block",
            "high",
            "Mean cosine between super tokens side by side.",
        ),
        Metric(
            "super_token_rank_one_residual",
            "Super token rank-one residual",
            "share",
            "block",
            "low",
            "Norm of the super tokens without their mean over their norm.",
        ),
        Metric(
            "cka_previous",
            "CKA with the previous block",
            "share",
            "block",
            "high",
            "Linear CKA (unbiased) between the tokens of this block and the one captured before.",
            rule="analysis.redundancy.features:cka_previous",
        ),
        Metric(
            "leakage",
            "Leakage",
            "share",
            "block",
            None,
            "Attention mass lost to phantoms and padding, mean over tokens and heads.",
        ),
        Metric(
            "phantom_leakage",
            "Phantom leakage",
            "share",
            "block",
            None,
            "Part of the leakage that phantoms took.",
        ),
        Metric(
            "padding_leakage",
            "Padding leakage",
            "share",
            "block",
            None,
            "Part of the leakage that padding tokens and empty super tokens took.",
        ),
        Metric(
            "association_entropy",
            "Association entropy",
            "nats",
            "block",
            None,
            "How undecided a token is between super tokens, conditional on its mass.",
        ),
        Metric(
            "association_margin",
            "Association margin",
            "share",
            "block",
            None,
            "Weight of the best super token minus that of the second, conditional.",
        ),
        Metric(
            "moved_share",
            "Moved share",
            "share",
            "block",
            None,
            "Tokens whose best super token is not that of their own cell.",
        ),
        Metric(
            "empty_super_tokens",
            "Empty super tokens",
            "super tokens",
            "block",
            None,
            "Super tokens that are no token's best.",
        ),
        Metric(
            "disconnected_super_tokens",
            "Disconnected super tokens",
            "super tokens",
            "block",
            None,
            "Super tokens whose tokens form several 4-connected parts.",
        ),
    )
}
"""All metrics by name, in the order of the ledger."""


def metrics_of(scope: Scope) -> tuple[str, ...]:
    """Return the names of all metrics of one scope, in the order of the ledger.

    Example:
        >>> "entropy" in metrics_of("token"), "entropy" in metrics_of("head")
        (True, False)
    """
    return tuple(name for name, metric in CATALOGUE.items() if metric.scope == scope)


def chosen_metrics(names: str | Iterable[str] | None) -> tuple[str, ...]:
    """Return the wanted metrics in the order of the catalogue; all if None.

    A name also stands for its estimate: "effective_rank" asks for "effective_rank_estimate" where only that can be
    had, and the other way round.

    Raises:
        ValueError: If a name is unknown; the message lists the known ones.

    Example:
        >>> chosen_metrics("entropy")
        ('entropy',)
    """
    if names is None:
        return tuple(CATALOGUE)
    wanted = {names} if isinstance(names, str) else set(names)
    unknown = sorted(str(name) for name in wanted if name not in CATALOGUE)
    if unknown:
        raise ValueError(f"There is no metric named {', '.join(unknown)}; known are {', '.join(CATALOGUE)}.")
    stems = {name.removesuffix(ESTIMATE) for name in wanted}
    return tuple(name for name in CATALOGUE if name.removesuffix(ESTIMATE) in stems)
