"""What an ablation found, as Markdown for people and CSV for programs."""

from collections.abc import Hashable
from typing import Any

import pandas as pd

from stvit.foreign_text import plain

HEADER = (
    "| | top-1, % | change | KL, nats | GMAC | images/s | grouping, ms |",
    "|---|---:|---:|---:|---:|---:|---:|",
)

NOTE = """\
Standard errors over pictures in brackets; that of the change is of the pairs. KL(unchanged || changed) of the predicted
classes. GMAC: counted by PyTorch, a picture. Images a second of processor time, without the time of grouping a picture,
which stands beside. Rows with * run outside what the weights were trained for."""


def markdown(summary: pd.DataFrame) -> str:
    """Return the tables of a summary, one for each model; see `training.ablation.run.ablate`."""
    parts = []
    for model, rows in summary.groupby("model", sort=False):
        pictures = rows["pictures"].iloc[0]
        parts += [
            f"`{plain(str(model), 200)}`, {pictures:,} pictures:",
            "",
            *HEADER,
            *map(_line, rows.to_dict("records")),
            "",
        ]
    return "\n".join([*parts, NOTE, ""])


def _line(values: dict[Hashable, Any]) -> str:
    changed = values["off_training"]
    cells = [
        values["title"] + ("*" if changed else ""),
        f"{values['top1']:.1f} ({values['top1_error']:.1f})",
        f"{values['top1_change']:+.1f} ({values['top1_change_error']:.1f})" if changed else "",
        f"{values['divergence']:.4f} ({values['divergence_error']:.4f})" if changed else "0",
        f"{values['gmac']:.3f}",
        f"{values['images_per_second']:.0f}",
        f"{values['grouping_ms']:.0f}" if values["grouping_ms"] else "",
    ]
    return f"| {' | '.join(cells)} |"
