"""The figure of a pin, read again from Plotly's JSON, which packs arrays."""

import base64
import json
from typing import Any

import numpy as np
import plotly.graph_objects as go

from ui.tray.pins import Pin


def figure_of(pin: Pin) -> go.Figure:
    """Return the chart that was pinned."""
    return go.Figure(_unpacked(json.loads(pin.figure)))


def _unpacked(node: Any) -> Any:
    """Return JSON with its arrays, which Plotly writes as bytes in base64, as arrays again."""
    if isinstance(node, list):
        return [_unpacked(each) for each in node]
    if not isinstance(node, dict):
        return node
    if "bdata" not in node:
        return {name: _unpacked(each) for name, each in node.items()}
    flat = np.frombuffer(base64.b64decode(node["bdata"]), np.dtype(node["dtype"]))
    return flat.reshape([int(side) for side in str(node["shape"]).split(",")]) if "shape" in node else flat
