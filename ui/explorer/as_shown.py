"""What the explorer shows, drawn again in Python from the factors, and in words: a snapshot for the tray."""

from collections.abc import Iterator

import numpy as np
from jaxtyping import UInt8
from torch import Tensor

from analysis.attention.baselines import global_attention, local_attention
from analysis.attention.kinds import DEFAULT_WINDOW
from analysis.figures.canvas import Anchor, Canvas
from analysis.figures.colour_scales import levels_of, top_of
from analysis.figures.paper.files import figure_bytes
from analysis.figures.paper.shown_maps import Dress, ShownMap, shown_maps_figure
from analysis.figures.style import KIND_NAMES
from analysis.one_token.anchor import association_map
from analysis.one_token.region import SegmentLabels, mean_row, region_tokens, token_mask
from stvit import Attention, BlockRecord
from stvit.captions import head_caption
from stvit.capturing.window_record import WindowRecord
from ui.explorer.block_payload import MAX_INCOMING
from ui.explorer.look import SCALES
from ui.explorer.registries import ASSOCIATION
from ui.explorer.state import ExplorerState

Map = tuple[str, np.ndarray]
"""Kind and values, one for each token."""


def picture_as_shown(
    shown: UInt8[np.ndarray, "height width 3"],
    record: BlockRecord,
    state: ExplorerState,
    segments: SegmentLabels | None = None,
) -> bytes:
    """Return picture and maps as a PNG file.

    Args:
        shown: The picture as the model saw it, RGB.
        record: The block that is shown.
        state: What the explorer shows.
        segments: Of `segment_labels`, for a region that is a segment.
    """
    look, part = state.look, state.part
    tokens = _tokens(record, state, segments)
    labels = None if record.association.is_identity else record.labels()[0].numpy(force=True)
    mask = None if state.region.kind == "token" else token_mask(tokens, record.grid)
    canvas = Canvas(shown, record.id.stride, Anchor(state.row, state.column), region=mask)
    rows, columns = part.ends(part.down, shown.shape[0]), part.ends(part.across, shown.shape[1])
    dress = Dress(look.opacity, labels, look.boundaries, look.outlines, rows, columns)
    return figure_bytes(shown_maps_figure(canvas, list(maps_as_shown(record, state, segments)), dress), "png")


def maps_as_shown(
    record: BlockRecord, state: ExplorerState, segments: SegmentLabels | None = None
) -> Iterator[ShownMap]:
    """Yield the maps in the order of the explorer's panels, on its scale."""
    found = list(_maps(record, state, _tokens(record, state, segments)))
    together = max((top_of(values) for kind, values in found if kind != ASSOCIATION), default=0.0)
    alone = "global" not in dict(found) and record.association.is_identity
    for kind, values in found:
        title = KIND_NAMES["global" if kind == "super" and alone else kind]
        if kind == ASSOCIATION:
            scale = "linear" if state.look.scale == "uniform" else state.look.scale
            yield ShownMap(title, levels_of(values, scale, top_of(values), ASSOCIATION))
        else:
            top = together if state.look.shared else top_of(values)
            yield ShownMap(title, levels_of(values, state.look.scale, top))


def words_as_shown(record: BlockRecord, state: ExplorerState, segments: SegmentLabels | None = None) -> list[str]:
    """Return what the maps are of and how they are shown, part by part."""
    count, look = len(_tokens(record, state, segments)), state.look
    parts = [
        record.id.caption,
        f"{'incoming' if look.incoming else 'outgoing'}, {head_caption(state.head, record.heads)}",
        f"{state.region.words(count)} at ({state.row}, {state.column})",
        f"scale {SCALES[look.scale]}",
    ]
    if look.shared and look.scale in ("linear", "log"):
        parts.append("one bar for all attentions")
    if state.part.zoom > 1:
        parts.append(f"zoomed {state.part.zoom:g}×")
    return parts


def _tokens(record: BlockRecord, state: ExplorerState, segments: SegmentLabels | None) -> np.ndarray:
    return region_tokens(state.region, record, state.row, state.column, segments)


def _maps(record: BlockRecord, state: ExplorerState, tokens: np.ndarray) -> Iterator[Map]:
    for kind, attention in _attentions(record, incoming=state.look.incoming).items():
        yield kind, _map(mean_row(attention, tokens, state.head, incoming=state.look.incoming), record)
    if not record.association.is_identity:
        yield ASSOCIATION, association_map(record, tokens).values


def _attentions(record: BlockRecord, *, incoming: bool) -> dict[str, Attention]:
    """Return the attentions that the explorer shows: no global one beside itself, nor one that takes too long."""
    is_global = record.association.is_identity and not isinstance(record, WindowRecord)
    left_out = incoming and record.grid.num_tokens > MAX_INCOMING
    found: dict[str, Attention] = {} if is_global and left_out else {"super": record.token_attention()}
    if not is_global and not left_out:
        found["global"] = global_attention(record)
    found["local"] = local_attention(record, window=DEFAULT_WINDOW)
    return found


def _map(row: Tensor, record: BlockRecord) -> np.ndarray:
    return row.reshape(record.grid.height, record.grid.width).numpy(force=True)
