"""What all steps are drawn from, and what a step is."""

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
import plotly.graph_objects as go

from analysis.figures.canvas import Anchor, Canvas, Panel
from analysis.figures.screen.heat import heat_map
from analysis.one_token.contributions import TokenOutput, token_output
from analysis.one_token.steps import TokenSteps, token_steps
from stvit import BlockRecord
from ui.view.view import View


@dataclass(frozen=True, eq=False)
class Shown:
    """One token of one block.

    Attributes:
        view: Picture and model.
        record: The block.
        head: Which head of A(S), None for the mean.
        anchor: The token.
        steps: Its way to its row of attention.
        output: What the attention adds to it.
    """

    view: View
    record: BlockRecord
    head: int | None
    anchor: Anchor
    steps: TokenSteps
    output: TokenOutput

    @property
    def canvas(self) -> Canvas:
        """The picture with the token framed."""
        return Canvas(self.view.picture.shown, self.record.id.stride, self.anchor)

    @property
    def cell(self) -> int:
        """The cell that holds the token."""
        return int(self.record.grid.cell_index[self.steps.token])

    def map_of(self, values: np.ndarray, quantity: str, *, relative: bool = False) -> go.Figure:
        """Draw one value for each token, shape (N,)."""
        panel = Panel("", values.reshape(self.record.grid.height, self.record.grid.width), quantity)
        return heat_map(self.canvas, panel, relative=relative)

    def map_of_cells(self, values: np.ndarray, quantity: str) -> go.Figure:
        """Draw one value for each super token, shape (M,), on its cell."""
        return self.map_of(values[self.record.grid.cell_index.numpy()], quantity)


@dataclass(frozen=True)
class Step:
    """One step.

    Attributes:
        title: Heading.
        formula: In LaTeX.
        tell: Says what happens, with the numbers of the token.
        figure: Draws it.
    """

    title: str
    formula: str
    tell: Callable[[Shown], None]
    figure: Callable[[Shown], go.Figure]


def follow(view: View, record: BlockRecord, head: int | None, anchor: Anchor) -> Shown:
    """Follow a token through a block with super tokens."""
    token = record.grid.token(anchor.row, anchor.column)
    steps = token_steps(record, token, head, view.handle.model.config.num_iters[record.id.stage])
    return Shown(view, record, head, anchor, steps, token_output(record, token))
