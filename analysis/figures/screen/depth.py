"""A metric against depth, one line for each kind of attention (Plotly)."""

from collections.abc import Mapping, Sequence
from itertools import pairwise

import plotly.graph_objects as go

from analysis.figures.screen.layout import line_layout
from analysis.figures.style import KIND_COLOURS, KIND_NAMES

HeadValues = Sequence[Sequence[float]]
"""One value per head, for each block in order of depth."""


def metric_by_depth(
    blocks: Sequence[tuple[int, int]],
    series: Mapping[str, HeadValues],
    *,
    title: str,
    unit: str,
    uniform: Sequence[float] | None = None,
    height: int = 340,
) -> go.Figure:
    """Draw the mean over heads as a line and the heads as dots.

    Args:
        blocks: (stage, block), counted from 0, in order of depth.
        series: For each kind of attention ("super", "global", ...) the values of its heads by block.
        title: Name of the metric.
        unit: Its unit, for the axis and the hover text.
        uniform: What uniform attention would have in each block, drawn as a dotted line.
        height: Of the figure in CSS pixels.
    """
    figure = go.Figure()
    captions = [f"{stage + 1}.{block + 1}" for stage, block in blocks]
    if uniform is not None:
        _uniform(figure, captions, uniform, unit)
    for kind, values in series.items():
        _heads(figure, kind, captions, values, unit)
        _means(figure, kind, captions, values, unit)
    _stage_bounds(figure, blocks)
    figure.update_xaxes(title="stage.block", type="category", showgrid=False)
    figure.update_yaxes(title=f"{title} ({unit})", rangemode="tozero")
    return line_layout(figure, height)


def _means(figure: go.Figure, kind: str, captions: list[str], values: HeadValues, unit: str) -> None:
    figure.add_scatter(
        x=captions,
        y=[sum(heads) / len(heads) for heads in values],
        name=KIND_NAMES[kind],
        mode="lines+markers",
        line={"color": KIND_COLOURS[kind], "width": 2.5},
        marker={"size": 8 if kind == "super" else 11, "symbol": "circle" if kind == "super" else "diamond"},
        hovertemplate=f"block %{{x}}<br>mean over heads %{{y:.3f}} {unit}<extra>{KIND_NAMES[kind]}</extra>",
    )


def _uniform(figure: go.Figure, captions: list[str], values: Sequence[float], unit: str) -> None:
    figure.add_scatter(
        x=captions,
        y=list(values),
        name="Uniform attention",
        mode="lines",
        line={"color": "rgba(128,128,128,0.9)", "width": 1.5, "dash": "dot", "shape": "hvh"},
        hovertemplate=f"block %{{x}}<br>%{{y:.3f}} {unit}<extra>Uniform attention</extra>",
    )


def _heads(figure: go.Figure, kind: str, captions: list[str], values: HeadValues, unit: str) -> None:
    dots = [(x, y, h) for x, heads in zip(captions, values, strict=True) for h, y in enumerate(heads, start=1)]
    figure.add_scatter(
        x=[x for x, _, _ in dots],
        y=[y for _, y, _ in dots],
        customdata=[h for _, _, h in dots],
        mode="markers",
        marker={"size": 5, "color": KIND_COLOURS[kind], "opacity": 0.35},
        hovertemplate=f"block %{{x}}, head %{{customdata}}<br>%{{y:.3f}} {unit}<extra>{KIND_NAMES[kind]}</extra>",
        showlegend=False,
    )


def _stage_bounds(figure: go.Figure, blocks: Sequence[tuple[int, int]]) -> None:
    """Draw a line where one stage ends and the next begins."""
    for place, (before, after) in enumerate(pairwise(blocks)):
        if before[0] != after[0]:
            figure.add_vline(x=place + 0.5, line={"color": "rgba(128,128,128,0.5)", "width": 1, "dash": "dot"})


def change_by_depth(
    blocks: Sequence[tuple[int, int]], values: Sequence[float], *, title: str, colour: str, height: int = 250
) -> go.Figure:
    """Draw one bar for each block: how much a change to the association moved its output.

    Args:
        blocks: (stage, block), counted from 0, in order of depth.
        values: Relative change of each block's output, 0 for none.
        title: What was changed, for the hover text.
        colour: Of the bars.
        height: Of the figure in CSS pixels.
    """
    captions = [f"{stage + 1}.{block + 1}" for stage, block in blocks]
    figure = go.Figure()
    figure.add_bar(
        x=captions,
        y=list(values),
        marker={"color": colour},
        hovertemplate=f"block %{{x}}<br>relative change %{{y:.3f}}<extra>{title}</extra>",
    )
    _stage_bounds(figure, blocks)
    figure.update_xaxes(title="stage.block", type="category", showgrid=False)
    figure.update_yaxes(title="relative change of the output", rangemode="tozero")
    return line_layout(figure, height, legend=False)
