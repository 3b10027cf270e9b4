"""The later steps: super tokens attend, and the token gets its part of what they read."""

import numpy as np
import pandas as pd
import plotly.graph_objects as go
import streamlit as st

from analysis.figures.curve_values import CurveChart, Line
from analysis.figures.numbers import percent
from analysis.figures.screen.bars import bar_chart
from analysis.figures.screen.pictures import PANEL_WIDTH
from analysis.figures.style import KIND_COLOURS
from analysis.one_token.contributions import relative_added
from ui.panels.panel import note
from ui.panels.steps.shown import Shown, Step

BIAS = "bias"


def _tell_values(shown: Shown) -> None:
    output, head, heaviest = shown.output, shown.head, shown.steps.heaviest
    own = np.linalg.norm(output.value if head is None else output.value[head])
    mean = output.value_norms(head)[heaviest]
    whose = "all heads together" if head is None else f"head {head + 1}"
    st.write(
        f"What travels is V: each of the {len(output.value)} heads reads {output.value.shape[1]} numbers of a token, "
        "and a super token holds the mean of its tokens' values, by the shares of step 4. "
        f"In {whose}, the token's own value has norm {own:.3g}, and that of its super token {heaviest} has "
        f"{mean:.3g}: a mean keeps what its tokens have in common."
    )


def _draw_values(shown: Shown) -> go.Figure:
    return shown.map_of_cells(shown.output.value_norms(shown.head), "norm of the super token's value")


def _tell_attend(shown: Shown) -> None:
    best = int(np.argmax(shown.steps.mixed))
    st.write(
        f"A(S) is plain attention among {shown.record.grid.num_super_tokens:,} super tokens. The token takes the rows "
        f"of its own super tokens, weighted as in step 3. Most goes to super token {best} "
        f"({shown.steps.mixed[best]:.3f})."
    )


def _draw_attend(shown: Shown) -> go.Figure:
    return shown.map_of_cells(shown.steps.mixed, "attention to the super token")


def _tell_map_back(shown: Shown) -> None:
    row = shown.steps.row
    st.write(
        "A super token's value is made of its tokens' values, so attention to it is attention to them, by their "
        f"shares. The result is one row of the N × N attention Q A(S) Q̂ᵀ: {len(row):,} numbers that sum to "
        f"{row.sum():.3f}."
    )


def _draw_map_back(shown: Shown) -> go.Figure:
    return shown.map_of(shown.steps.row, "attention", relative=True)


def _tell_heads(shown: Shown) -> None:
    shares = shown.output.shares
    best = int(np.argmax(shares[:-1]))
    st.write(
        "Each head reads V by its own attention, and its columns of the output projection turn that into all C "
        f"channels. The token gets the sum. Head {best + 1} contributes most: {percent(shares[best])}."
    )
    note(
        "Share: how much of the sum points along it, y · o / |o|². Shares add up to 100 %; one below 0 works against "
        "the others. What the bias adds is in the next step."
    )
    pieces = pd.DataFrame({"": _pieces(shown), "norm": shown.output.norms, "share": 100 * shares})
    columns = {
        "norm": st.column_config.NumberColumn(format="%.3f"),
        "share": st.column_config.NumberColumn(format="%.1f %%"),
    }
    st.dataframe(pieces, hide_index=True, column_config=columns)


def _draw_heads(shown: Shown) -> go.Figure:
    shares = (100 * shown.output.shares).tolist()
    line = Line("share", KIND_COLOURS["super"], _pieces(shown), shares)
    figure = bar_chart(CurveChart("", "", "% of the output", [line]), captions=56)
    return figure.update_layout(width=PANEL_WIDTH, showlegend=False)


def _pieces(shown: Shown) -> list[str]:
    return [*(f"head {head + 1}" for head in range(len(shown.output.by_head))), BIAS]


def _tell_project(shown: Shown) -> None:
    output = shown.output
    lost = shown.steps.weights[shown.steps.phantoms].sum()
    why = f"phantoms took {lost:.3f}" if lost else "it has no phantoms that take any"
    st.write(
        "The projection acts on the super tokens, before their values are mapped back. So its bias reaches a token "
        f"only by the mass of the token's row of Q, here {output.row_mass:.3f} ({why}): the bias has norm "
        f"{output.bias_norm:.3g}, and the token gets {output.norms[-1]:.3g} of it."
    )
    note("A projection of tokens would add the whole bias everywhere. The picture shows the mass that is left.")


def _draw_project(shown: Shown) -> go.Figure:
    return shown.map_of(1 - shown.record.phantom_leakage()[0].numpy(), "row mass of Q")


def _tell_residual(shown: Shown) -> None:
    output, record = shown.output, shown.record
    mean = float(np.nanmean(relative_added(record)))
    own = f", {percent(output.added_norm / output.residual_norm, 0)} of it" if output.residual_norm else ""
    st.write(
        f"The block adds the output to what came in, whose norm is {output.residual_norm:.3g}. What attention adds "
        f"has norm {output.added_norm:.3g}{own}; over all tokens of {record.id.caption} it is "
        f"{percent(mean, 0)} of the residual on average."
    )
    note("The block's feed-forward network follows, which looks at no super token.")


def _draw_residual(shown: Shown) -> go.Figure:
    return shown.map_of(relative_added(shown.record), "added over residual")


ATTENDING = (
    Step("Average the values", r"v_n = W_v x_n + b_v, \quad V_m = \sum_n \hat Q_{nm} v_n", _tell_values, _draw_values),
    Step("Attend among super tokens", r"a = \sum_k Q_{nk} \, A(S)_k", _tell_attend, _draw_attend),
    Step("Map back to tokens", r"\text{row}_{n'} = \sum_k a_k \, \hat Q_{n'k}", _tell_map_back, _draw_map_back),
    Step(
        "Add up the heads",
        r"\begin{gathered} y_h = W_{o,h} \sum_m a_{hm} V_{hm} \\ o = \sum_h y_h + \dots \end{gathered}",
        _tell_heads,
        _draw_heads,
    ),
    Step("Add the bias by mass", r"o = \sum_h y_h + \Big(\sum_k Q_{nk}\Big) \, b_o", _tell_project, _draw_project),
    Step("Add to the residual", r"x_n \leftarrow x_n + o_n", _tell_residual, _draw_residual),
)
"""The steps from Q to what the token becomes, in order."""
