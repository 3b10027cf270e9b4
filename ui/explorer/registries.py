"""What the browser is told about attention kinds, figures and captions: the only link from registries to payload."""

from typing import Any

from analysis.attention.kinds import DEFAULT_WINDOW, KINDS
from analysis.figures.style import KIND_COLOURS, KIND_NAMES
from analysis.redundancy.catalogue import CATALOGUE
from analysis.redundancy.row_metrics import NEIGHBOURHOOD
from stvit import BlockRecord
from stvit.captions import head_caption
from stvit.capturing.window_record import WindowRecord

ATTENTIONS = ("super", "global", "local")
"""Kinds of attention that the browser computes, in the order of their panels; a map of the association follows."""

ASSOCIATION = "association"


def panels() -> list[dict[str, Any]]:
    """Return the panels in order: kind, title and colour, and for attention its short name and its sentence."""
    kinds = [KINDS[name] for name in ATTENTIONS]
    attentions = [
        {"kind": kind.name, "title": kind.title, "short": kind.short, "colour": kind.colour, "sentence": kind.sentence}
        for kind in kinds
    ]
    return [*attentions, {"kind": ASSOCIATION, "title": KIND_NAMES[ASSOCIATION], "colour": KIND_COLOURS[ASSOCIATION]}]


def figures() -> list[dict[str, Any]]:
    """Return the figures beside a row: metric, titles (also for columns and regions), unit, sentence, number format."""
    return [
        _figure("entropy", decimals=2, unit="nats"),
        _figure("distance", region="Distance from its middle", decimals=1, unit="px"),
        _figure(
            "local_mass",
            region="Mass inside it",
            decimals=1,
            unit=f"{NEIGHBOURHOOD} × {NEIGHBOURHOOD}",
            factor=100,
            suffix=" %",
        ),
        _figure("tokens_for_90", decimals=0),
        _figure("mass", incoming="Mass received", decimals=3),
    ]


def _figure(metric: str, **written: Any) -> dict[str, Any]:
    known = CATALOGUE[metric]
    return {"metric": metric, "title": known.title.replace(" %", "\u00a0%"), "sentence": known.sentence, **written}


def captions(record: BlockRecord) -> dict[str, Any]:
    """Return the names of a block, its stage and its heads; the first choice of heads is their mean."""
    mean = {"label": "Mean", "caption": head_caption(None, record.heads)}
    heads = [{"label": str(head + 1), "caption": head_caption(head, record.heads)} for head in range(record.heads)]
    return {
        "title": record.id.caption,
        "stage_title": f"Stage {record.id.stage + 1}",
        "number": str(record.id.block + 1),
        "heads": [mean, *heads],
    }


def notes(record: BlockRecord, window: int = DEFAULT_WINDOW) -> dict[str, str]:
    """Return the text below the title of each panel, by kind, in addition to direction and head."""
    said = {"local": f"windows of {window}\u00a0×\u00a0{window}"}
    if isinstance(record, WindowRecord):
        said["super"] = f"the block's own windows of {record.window}\u00a0×\u00a0{record.window}"
    elif record.association.is_identity:
        said["super"] = "cell 1: no super tokens"
    return said
