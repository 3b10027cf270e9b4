"""What the browser is told of kinds of attention, figures and captions: the one seam between registries and payload."""

from typing import Any

from analysis.attention.baselines import DEFAULT_WINDOW
from analysis.figures.style import KIND_COLOURS, KIND_NAMES
from analysis.redundancy.row_metrics import NEIGHBOURHOOD
from stvit import BlockRecord

ATTENTIONS = ("super", "global", "local")
"""Kinds of attention that the browser computes, in the order of their panels; a map of the association follows."""

SHORT_NAMES = {"super": "Super token", "global": "Global", "local": "Local"}


def panels() -> list[dict[str, Any]]:
    """Return the panels in order: kind, title and colour, and a short name for what is attention."""
    names = [*ATTENTIONS, "association"]
    return [
        {"kind": kind, "title": KIND_NAMES[kind], "colour": KIND_COLOURS[kind], "short": SHORT_NAMES.get(kind)}
        for kind in names
    ]


def figures() -> list[dict[str, Any]]:
    """Return the figures beside a row: key, title (another one for columns), unit, suffix, factor and decimals."""
    return [
        {"key": "entropy", "title": "Entropy", "unit": "nats", "decimals": 2},
        {"key": "distance", "title": "Mean distance", "unit": "px", "decimals": 1},
        {
            "key": "near",
            "title": f"Mass in {NEIGHBOURHOOD} × {NEIGHBOURHOOD}",
            "decimals": 1,
            "factor": 100,
            "suffix": " %",
        },
        {"key": "tokens", "title": "Tokens for 90\u00a0%", "decimals": 0},
        {"key": "mass", "title": "Mass kept", "incoming": "Mass received", "decimals": 3},
    ]


def captions(record: BlockRecord) -> dict[str, Any]:
    """Return how a block, its stage and its heads are called; the first choice of heads is their mean."""
    mean = {"label": "Mean", "caption": "mean over heads"}
    heads = [{"label": str(head + 1), "caption": f"head {head + 1}"} for head in range(record.heads)]
    return {
        "title": record.id.caption,
        "stage_title": f"Stage {record.id.stage + 1}",
        "number": str(record.id.block + 1),
        "heads": [mean, *heads],
    }


def notes(record: BlockRecord, window: int = DEFAULT_WINDOW) -> dict[str, str]:
    """Return what is said below the title of a panel, by kind, besides direction and head."""
    said = {"local": f"windows of {window}\u00a0×\u00a0{window}"}
    if record.association.is_identity:
        said["super"] = "cell 1: same as global"
    return said
