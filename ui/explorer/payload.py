"""Bytes for the browser: arrays in safetensors, and one header in JSON as its metadata.

`web/payload.js` reads them. Values that need not be exact in the browser are sent in 16 bits, see `rounding`.
"""

import json
from collections.abc import Mapping
from typing import Any

import numpy as np
from safetensors.numpy import save

HEADER = "header"
"""Key of the header in the metadata, whose values can only be text."""


def payload_bytes(header: Mapping[str, Any], arrays: Mapping[str, np.ndarray]) -> bytes:
    """Return a header and arrays as one safetensors file.

    Args:
        header: Plain values that JSON can hold; numbers must be finite.
        arrays: By name; any dtype that `web/payload.js` lists.
    """
    text = json.dumps(header, separators=(",", ":"), allow_nan=False)
    return save({name: np.ascontiguousarray(array) for name, array in arrays.items()}, metadata={HEADER: text})
