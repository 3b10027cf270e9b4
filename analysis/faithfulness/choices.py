"""What pages and commands let people choose about faithfulness. Read without importing torch."""

from dataclasses import dataclass


@dataclass(frozen=True)
class Choice:
    """Something that can be chosen.

    Attributes:
        title: Heading, and entry in a legend.
        sentence: What it is, for people.
        colour: Of its curves, as #RRGGBB; "" where nothing is drawn in it.
    """

    title: str
    sentence: str
    colour: str = ""


ORDERS = {
    "class_rollout": Choice(
        "Class rollout", "Rollout weighted by the gradient of the class (Chefer et al. 2021).", "#0072B2"
    ),
    "rollout": Choice("Plain rollout", "Rollout of attention alone, which knows no class.", "#E69F00"),
    "gradient": Choice("|gradient x input|", "Absolute gradient of the class times the normalised pixel.", "#CC79A7"),
    "random": Choice("Random", "Groups in random orders; what every other order has to beat.", "#7F7F7F"),
    "greedy": Choice("Greedy", "At each step what changes the class most, by trying all: a bound.", "#117733"),
}
"""How groups are ordered, the most relevant first."""

REPLACEMENTS = {
    "mean": Choice("Mean colour", "Removed pixels take the mean colour of the picture."),
    "blur": Choice("Blur", "Removed pixels are taken from a blurred picture."),
    "token": Choice("Mean token", "Removed tokens take the mean feature of the tokens after the stem."),
}
"""What stands in place of a group that is removed."""

GROUPS = ("super", "slic", "grid", "random")
"""Names of `analysis.grouping.methods.METHODS` that are compared at equal count."""

PARTS = {"super_tokens": "Super tokens", "heads": "Heads"}
"""What can be taken out of a block."""

HOW = {"drop": "dropped", "mean": "replaced by the mean"}
"""How it is taken out."""

STEPS = 12
"""Steps of a deletion or insertion curve, from all of the picture to none."""

RANDOM_ORDERS = 8
"""Random orders that make the band."""

GREEDY_STEPS = 8
"""Steps of the greedy order: at each of them all groups that are left are tried one by one."""
