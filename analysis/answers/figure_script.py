"""What does the released figure script show otherwise? One sentence from the effects of its differences."""

from collections.abc import Mapping

from analysis.figures.numbers import percent

WORDS = {
    "incoming": "the direction",
    "undivided": "what is not divided",
    "wrapped": "the border",
    "scaled": "the scale",
}
"""What each difference is about."""


def figure_script_answer(correlation: Mapping[str, float], brightest: Mapping[str, float]) -> str:
    """Say how far the script's picture is from what a block computes, and which difference does most.

    Args:
        correlation: With the token's row of token attention, by difference, and "all", as
            `analysis.one_token.figure_script.script_effects` lists them.
        brightest: Share of the brightest tenth of the tokens that stays, by the same names.

    Example:
        >>> correlation = {"incoming": 0.31, "undivided": 0.97, "wrapped": 0.99, "scaled": 1.0, "all": 0.3}
        >>> figure_script_answer(correlation, {"all": 0.205})
        "The script's picture of this token correlates with what the block computes by 0.30, and 20 % of the brightest \
tenth of the tokens stay where they are; the direction changes most (0.31 by itself)."
    """
    alone = {name: value for name, value in correlation.items() if name != "all"}
    most = min(alone, key=alone.__getitem__)
    return (
        f"The script's picture of this token correlates with what the block computes by {correlation['all']:.2f}, and "
        f"{percent(brightest['all'], 0)} of the brightest tenth of the tokens stay where they are; "
        f"{WORDS[most]} changes most ({alone[most]:.2f} by itself)."
    )
