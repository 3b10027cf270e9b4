"""What pages and commands let people choose about groupings. Read without importing torch."""

from typing import Literal, get_args

Resolution = Literal["token", "pixel"]
"""Whether a method sees the picture averaged over tokens, or every pixel."""

RESOLUTIONS: tuple[Resolution, ...] = get_args(Resolution)

MAX_ITERATIONS = 5
"""Most iterations of the sampling; the released models use 1."""

DRAWINGS = {"boundaries": "Boundaries", "means": "Mean colours", "labels": "Labels"}
"""How groups can be drawn: lines over the picture, the mean colour of each, distinct colours."""
