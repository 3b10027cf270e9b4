"""Faithfulness as files: curves of deletion and insertion, maps of ablations, receptive fields, similarity matrices."""

from collections.abc import Mapping, Sequence
from functools import partial

import numpy as np
from jaxtyping import Int

from analysis.faithfulness.choices import ORDERS, REPLACEMENTS
from analysis.faithfulness.effects import Effects
from analysis.faithfulness.measuring import Faithfulness, curve_table, summary_table
from analysis.faithfulness.receptive_field import LEVELS, ReceptiveField, field_table
from analysis.figures.canvas import Canvas, Panel
from analysis.figures.curve_values import Band, CurveChart, Line
from analysis.figures.numbers import percent
from analysis.figures.paper.curves import curves_figure
from analysis.figures.paper.pictures import maps_figure
from analysis.figures.screen.rollout import pixel_panel
from analysis.reports.report import Report, Subject, plain_column
from stvit import BlockId
from stvit.capturing.attention_record import AttentionRecord

POINTS = 41
"""Where the band of random curves is drawn."""

GREEDY_DASH, PLAIN_DASH = "dot", "solid"

LEVEL_COLOURS = ("#88CCEE", "#44AA99", "#0072B2", "#332288")
"""Of the levels of `LEVELS`, from light to dark."""


def curve_charts(found: Faithfulness) -> tuple[CurveChart, CurveChart]:
    """Return deletion and insertion as charts; areas stand in the legend."""
    return _chart(found, "deletion"), _chart(found, "insertion")


def _chart(found: Faithfulness, kind: str) -> CurveChart:
    lines = []
    for name, curves in found.curves.items():
        one = getattr(curves, kind)
        title = f"{ORDERS[name].title} ({one.area:.2f})"
        dash = GREEDY_DASH if name == "greedy" else PLAIN_DASH
        lines.append(Line(title, ORDERS[name].colour, one.shares.tolist(), one.values.tolist(), dash))
    what = "removed" if kind == "deletion" else "kept"
    title = f"{kind.capitalize()}, {found.groups.count} groups: {found.groups.title}"
    y_title = "log-probability of the class (nats)"
    return CurveChart(title, f"share of the picture {what}", y_title, lines, _band(found, kind))


def _band(found: Faithfulness, kind: str) -> Band | None:
    if not found.random:
        return None
    shares = np.linspace(0, 1, POINTS)
    low, high = found.band(kind, shares)
    mean = np.mean([getattr(one, kind).area for one in found.random])
    title = f"{len(found.random)} random orders (mean {mean:.2f})"
    return Band(title, ORDERS["random"].colour, shares.tolist(), low.tolist(), high.tolist())


def faithfulness_report(
    subject: Subject, found: Sequence[Faithfulness], block: BlockId, replacement: str, class_name: str
) -> Report:
    """Return deletion and insertion of some groupings as files; areas stand in the legend and in the table."""
    caption = subject.caption(
        f"log-probability of {class_name}",
        f"groups as fine as the super tokens of {block.caption}",
        f"replaced by: {REPLACEMENTS[replacement].title.lower()}",
        "numbers in brackets: area under the curve in nats",
    )
    charts = [chart for one in found for chart in curve_charts(one)]

    def arrays() -> dict[str, np.ndarray]:
        long = curve_table(found)
        labels = {f"labels_{one.groups.method}": one.groups.labels for one in found}
        return {str(name): plain_column(long[name]) for name in long.columns} | labels

    return Report(partial(curves_figure, charts, caption), partial(summary_table, found), arrays)


def effect_panel(record: AttentionRecord, effects: Effects, target: int) -> Panel:
    """Return the change of a class's log-probability without each super token, on the tokens that belong to it."""
    values = effects.change(target)[_labels(record)]
    return Panel("Without this super token", values, "change of log p (nats)", pixels=record.token_pixels, signed=True)


def effects_report(
    subject: Subject, record: AttentionRecord, effects: Effects, target: int, part: str, how: str, class_name: str
) -> Report:
    """Return what taking out each super token, or each head, of a block does as files."""
    done = "dropped" if how == "drop" else "replaced by their mean"
    caption = subject.caption(
        f"{record.id.caption}, {part.replace('_', ' ')} {done} one by one",
        f"log-probability of {class_name}, {effects.before[target]:.3f} nats as it is",
    )
    table = partial(effects.table, target)

    def arrays() -> dict[str, np.ndarray]:
        numbers = {"before": effects.before, "after": effects.after}
        return numbers if part == "heads" else numbers | {"labels": _labels(record)}

    if part == "heads":
        return Report(partial(curves_figure, [head_chart(effects, target)], caption, wide=1), table, arrays)
    panels = [effect_panel(record, effects, target)]
    return Report(partial(maps_figure, Canvas(subject.picture.shown, caption=caption), panels), table, arrays)


def head_chart(effects: Effects, target: int) -> CurveChart:
    """Return the change of a class's log-probability without each head as a chart."""
    change = effects.change(target).tolist()
    captions = [str(number + 1) for number in range(len(change))]
    line = Line("one head", "#0072B2", captions, change)
    return CurveChart("Without this head", "head", "change of log p (nats)", [line], joined=False)


def field_charts(by_kind: Mapping[str, Mapping[BlockId, ReceptiveField]]) -> list[CurveChart]:
    """Return the area that holds each level against depth: gradients solid, rollout dashed."""
    lines = []
    for kind, dash in (("gradient", "solid"), ("rollout", "dash")):
        fields = by_kind.get(kind, {})
        for level, colour in zip(LEVELS, LEVEL_COLOURS, strict=True) if fields else ():
            values = [100 * field.area(level) for field in fields.values()]
            title = f"{percent(level, 0)} of the {kind}"
            lines.append(Line(title, colour, [block.short for block in fields], values, dash))
    return [CurveChart("Area that holds a share", "stage.block", "area (% of the picture)", lines)]


def field_panel(field: ReceptiveField) -> Panel:
    """Return a receptive field as a map, summed in squares of a token of stage 1."""
    summed = pixel_panel(field.pixels)
    return Panel(field.block.caption.capitalize(), summed.values, "share", pixels=summed.pixels)


def fields_report(subject: Subject, by_kind: Mapping[str, Mapping[BlockId, ReceptiveField]]) -> Report:
    """Return the receptive fields of all blocks as files: a chart, a line for each block and level, the maps."""
    caption = subject.caption(
        "smallest square around the centre token that holds a share of its absolute input gradient",
        "dashed: of its rollout footprint" if "rollout" in by_kind else "",
    )

    def arrays() -> dict[str, np.ndarray]:
        return {
            f"{kind}_stage_{block.stage}_block_{block.block}": field.pixels
            for kind, fields in by_kind.items()
            for block, field in fields.items()
        }

    return Report(partial(curves_figure, field_charts(by_kind), caption, wide=1), partial(field_table, by_kind), arrays)


def _labels(record: AttentionRecord) -> Int[np.ndarray, "rows columns"]:
    labels: np.ndarray = record.labels()[0].numpy(force=True)  # type: ignore[attr-defined]  # of an STViT
    return labels
