"""A metric against depth, one line for each kind of attention (Plotly)."""

from collections.abc import Mapping, Sequence
from itertools import groupby, pairwise
from typing import Any

import plotly.graph_objects as go

from analysis.figures.ledger_values import DepthValues, Spread
from analysis.figures.screen.layout import line_layout, literal, say, translucent
from analysis.figures.style import KIND_COLOURS, UNIFORM_NAME, line_of, marker_of, no_values
from stvit.captions import block_short

BAR = 6
"""Width in CSS pixels of the spread of a stage of one block."""


def metric_by_depth(
    found: DepthValues, *, uniform: Sequence[float] = (), spread: Mapping[str, Spread] | None = None, height: int = 340
) -> go.Figure:
    """Draw the mean over heads as a line and the heads as dots; estimates are hollow, bars are standard errors.

    Args:
        found: The metric.
        uniform: What uniform attention would have in each block, drawn as a dotted line, if anything.
        spread: By kind of attention, how the mean over heads spreads over many pictures, drawn as a band.
        height: Of the figure in CSS pixels.
    """
    figure = go.Figure()
    if not found.series:
        return say(figure, no_values(found.title), height)
    captions = [block_short(*block) for block in found.blocks]
    if uniform:
        _uniform(figure, captions, uniform, found.unit)
    for kind in found.series:
        if kind in (spread or {}):
            _band(figure, kind, (spread or {})[kind])
    for kind in found.series:
        _heads(figure, found, kind, captions)
        _means(figure, found, kind, captions)
    _stage_bounds(figure, found.blocks)
    figure.update_xaxes(title="stage.block", type="category", showgrid=False)
    figure.update_xaxes(categoryorder="array", categoryarray=captions)  # whatever is drawn first
    figure.update_yaxes(title=found.axis, rangemode="tozero")
    return line_layout(figure, height).update_layout(legend_traceorder="reversed")  # what lies above is named first


def _means(figure: go.Figure, found: DepthValues, kind: str, captions: list[str]) -> None:
    marker, name, blocks = marker_of(kind), found.title_of(kind), found.series[kind]
    figure.add_scatter(
        x=captions,
        y=[one.mean if one.heads else None for one in blocks],
        name=name,
        mode="lines+markers",
        customdata=[" (estimate)" if one.estimate else "" for one in blocks],
        line={"color": _colour(kind), "width": 2.5, "dash": line_of(kind)},
        error_y={"array": [one.stderr for one in blocks], "thickness": 1.5} if found.is_sampled else None,
        marker={
            "size": marker.size,
            "symbol": [marker.screen + ("-open" if one.estimate else "") for one in blocks],
        },
        hovertemplate=f"block %{{x}}<br>mean over heads %{{y:.3f}} {found.unit}%{{customdata}}<extra>{name}</extra>",
    )


def _band(figure: go.Figure, kind: str, spread: Spread) -> None:
    """Fill what lies between the ends of a spread, stage by stage; a stage of one block gets a bar."""
    stages = [list(places) for _, places in groupby(spread, key=lambda place: place[0])]
    areas, bars = [blocks for blocks in stages if len(blocks) > 1], [blocks for blocks in stages if len(blocks) == 1]
    colour = translucent(_colour(kind), 0.18)
    for outlines, width in ((areas, 0), (bars, BAR)):
        corners = [corner for blocks in outlines for corner in _outline(spread, blocks)]
        if corners:
            figure.add_scatter(
                x=[place for place, _ in corners],
                y=[value for _, value in corners],
                fill="toself",
                fillcolor=colour,
                line={"width": width, "color": colour},
                mode="lines",
                hoverinfo="skip",
                showlegend=False,
            )


def _outline(spread: Spread, blocks: Sequence[tuple[int, int]]) -> list[tuple[str | None, float | None]]:
    """Return the corners around a spread, and a gap before what follows."""
    below = [(block_short(*block), spread[block][0]) for block in blocks]
    above = [(block_short(*block), spread[block][1]) for block in blocks]
    return [*below, *above[::-1], (None, None)]


def _uniform(figure: go.Figure, captions: list[str], values: Sequence[float], unit: str) -> None:
    figure.add_scatter(
        x=captions,
        y=list(values),
        name=UNIFORM_NAME,
        mode="lines",
        line={"color": "rgba(128,128,128,0.9)", "width": 1.5, "dash": "dot", "shape": "hvh"},
        hovertemplate=f"block %{{x}}<br>%{{y:.3f}} {unit}<extra>{UNIFORM_NAME}</extra>",
    )


def _heads(figure: go.Figure, found: DepthValues, kind: str, captions: list[str]) -> None:
    blocks = found.series[kind]
    dots = [(x, y, h + 1) for x, one in zip(captions, blocks, strict=True) for h, y in one.heads.items()]
    figure.add_scatter(
        x=[x for x, _, _ in dots],
        y=[y for _, y, _ in dots],
        customdata=[h for _, _, h in dots],
        mode="markers",
        marker={"size": 5, "color": _colour(kind), "opacity": 0.35},
        hovertemplate=f"block %{{x}}, head %{{customdata}}<br>%{{y:.3f}} {found.unit}"
        f"<extra>{found.title_of(kind)}</extra>",
        showlegend=False,
    )


def _colour(kind: str) -> str:
    return KIND_COLOURS.get(kind, "black")


def _stage_bounds(figure: go.Figure, blocks: Sequence[tuple[int, int]]) -> None:
    """Draw a line where one stage ends and the next begins."""
    bounds = [index + 0.5 for index, (before, after) in enumerate(pairwise(blocks)) if before[0] != after[0]]
    figure.layout.shapes = [_upright(bound) for bound in bounds]  # `add_vline` takes 5 ms for each


def _upright(x: float) -> dict[str, Any]:
    line = {"color": "rgba(128,128,128,0.5)", "width": 1, "dash": "dot"}
    return {"type": "line", "x0": x, "x1": x, "y0": 0, "y1": 1, "yref": "y domain", "line": line}


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
    figure = go.Figure()
    figure.add_bar(
        x=[block_short(*block) for block in blocks],
        y=list(values),
        marker={"color": colour},
        hovertemplate=f"block %{{x}}<br>relative change %{{y:.3f}}<extra>{literal(title)}</extra>",
    )
    _stage_bounds(figure, blocks)
    figure.update_xaxes(title="stage.block", type="category", showgrid=False)
    figure.update_yaxes(title="relative change of the output", rangemode="tozero")
    return line_layout(figure, height, legend=False)
