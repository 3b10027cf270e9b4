"""The answer of the page Super tokens: what sets the learned groups apart from the others of the same level."""

from collections.abc import Mapping, Sequence
from typing import Any

from stvit.error_text import counted

Row = Mapping[Any, Any]
"""One grouping of `analysis.grouping.groupings.describe_groupings`."""

ACCURACY = "achievable_segmentation_accuracy"


def groups_answer(rows: Sequence[Row], annotators: int = 0) -> str:
    """Say what differs between the learned groups and the best of the others that group the same tokens.

    Args:
        rows: The groupings that are shown.
        annotators: How many people's regions the rows were scored against; 0 if none.

    Example:
        >>> row = {"grouping": "Learned", "method": "super", "level": "token", "segments": 49, "in_pieces": 47}
        >>> groups_answer([row | {"explained_variation": 0.62}])
        '47 of 49 learned groups are in pieces; they explain 0.62 of the colour variance.'
    """
    learned = next((row for row in rows if row["method"] == "super"), None)
    if learned is None:
        return _of_others(rows)
    others = [row for row in rows if row is not learned and row["level"] == learned["level"]]
    pieces = f"{learned['in_pieces']} of {counted(int(learned['segments']), 'learned group')} "
    pieces += "is in pieces" if learned["in_pieces"] == 1 else "are in pieces"
    if not others:
        alone = "" if len(rows) == 1 else ", and are not compared with groups of pixels, which can follow finer edges"
        return f"{pieces}; they explain {_two(learned, 'explained_variation')} of the colour variance{alone}."
    clauses = [pieces, _compared(others, learned, "explained_variation", "explains", "of the colour variance")]
    if annotators:
        clauses.append(
            _compared(
                others, learned, ACCURACY, "reaches an accuracy of", f"against {counted(annotators, 'annotator')}"
            )
        )
    return "; ".join(clauses) + "."


def _of_others(rows: Sequence[Row]) -> str:
    best = max(rows, key=lambda row: float(row["explained_variation"]))
    share, groups = _two(best, "explained_variation"), counted(int(best["segments"]), "group")
    return f"Of what is shown, {best['grouping']} explains most of the colour variance, {share} with {groups}."


def _compared(others: Sequence[Row], learned: Row, score: str, verb: str, what: str) -> str:
    best = max(others, key=lambda row: float(row[score]))
    return f"{best['grouping']} {verb} {_two(best, score)} {what}, the learned groups {_two(learned, score)}"


def _two(row: Row, score: str) -> str:
    return f"{row[score]:.2f}"
