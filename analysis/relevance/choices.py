"""What pages and commands let people choose about rollouts. Read without importing torch."""

PREDICTED, ATTENTION = "predicted", "attention"
"""In place of a class: the most probable one; attention alone, which knows no class."""

ALONE = "attention alone"

MOST_CLASSES = 3
"""Classes side by side."""
