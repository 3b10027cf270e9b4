"""Every change of the association side by side, as files."""

from collections.abc import Sequence
from functools import partial

import numpy as np

from analysis.figures.curve_values import CurveChart, Line
from analysis.figures.paper.bars import bars_figure
from analysis.reports.report import Report, Subject
from analysis.trials import Trial, divergence, top_classes, trials_table

CLASS_COLOURS = ("#0072B2", "#E69F00", "#44AA99", "#CC79A7", "#F0E442")
"""Of the most probable classes, the first one first."""


def trials_chart(trials: Sequence[Trial], names: Sequence[str]) -> CurveChart:
    """Return the probability in percent of the most probable classes under each change, to be drawn as stacked bars."""
    captions = [one.title for one in trials]
    lines = [
        Line(names[index], colour, captions, [100 * float(one.probabilities[index]) for one in trials])
        for index, colour in zip(top_classes(trials), CLASS_COLOURS, strict=False)
    ]
    return CurveChart("Predictions", "", "probability (%)", lines, top=100.0)


def trials_report(subject: Subject, trials: Sequence[Trial], names: Sequence[str]) -> Report:
    """Return the prediction under every change as files."""
    caption = subject.caption("probabilities of the five most probable classes with another association in every block")

    def arrays() -> dict[str, np.ndarray]:
        return {
            "changes": np.array([one.title for one in trials]),
            "classes": np.array(list(names)),
            "probabilities": np.stack([one.probabilities for one in trials]),
            "divergence": np.array(divergence(trials)),
        }

    figure = partial(bars_figure, trials_chart(trials, names), caption)
    return Report(figure, partial(trials_table, trials, names), arrays)
