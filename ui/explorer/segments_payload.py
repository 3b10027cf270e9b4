"""The segments of a picture as bytes: for the grid of every block, the segment of each token.

Arrays: `HxW` (N,) int32 for each grid of H x W tokens. They are sent when somebody chooses segments as regions.
"""

import numpy as np

from analysis.one_token.region import SegmentLabels
from ui.explorer.payload import payload_bytes


def segments_payload(name: str, segments: SegmentLabels) -> bytes:
    """Return segments as bytes for the explorer.

    Args:
        name: Key under which the browser keeps them, `segments_name` of the scene.
        segments: Of `analysis.one_token.region.segment_labels`.
    """
    arrays = {f"{height}x{width}": labels.astype(np.int32) for (height, width), labels in segments.items()}
    return payload_bytes({"kind": "segments", "name": name}, arrays)
