"""What a rollout is weighted by, as people name it: a class, the predicted class, or attention alone."""

from collections.abc import Sequence
from dataclasses import dataclass

from jaxtyping import Float
from torch import Tensor

from analysis.relevance.choices import ALONE, ATTENTION, PREDICTED
from analysis.relevance.class_gradient import ClassGradients, class_gradients
from stvit import STViT
from stvit.foreign_text import plain


@dataclass(frozen=True)
class Weighing:
    """A class, or none.

    Attributes:
        target: The class, counted from 0; None for attention alone.
        title: Its name for people.
        probability: Of the class; None for attention alone.
    """

    target: int | None
    title: str
    probability: float | None = None


def weighings(model: STViT, logits: Float[Tensor, " classes"], words: Sequence[str]) -> list[Weighing]:
    """Return what is named, each once, in the order in which it is named.

    Args:
        model: For the names of classes.
        logits: Of the picture.
        words: Numbers of classes from 0, `PREDICTED` or `ATTENTION`; a model without classes has attention alone.

    Raises:
        IndexError: If there is no such class.
    """
    found = {weighing.target: weighing for weighing in (_weighing(model, logits, word) for word in words)}
    return list(found.values())


def _weighing(model: STViT, logits: Tensor, word: str) -> Weighing:
    if word == ATTENTION or (word == PREDICTED and not len(logits)):
        return Weighing(None, ALONE)
    target = int(logits.argmax()) if word == PREDICTED else int(word)
    if not 0 <= target < len(logits):
        raise IndexError(f"Class {target} does not exist; this model has classes 0 to {len(logits) - 1}.")
    names = model.class_names
    title = plain(names[target]) if names else f"class {target}"
    return Weighing(target, title, float(logits.double().softmax(-1)[target]))


def gradients_of(
    model: STViT, pixels: Float[Tensor, "1 channels height width"], weighing: Weighing
) -> ClassGradients | None:
    """Return the gradients that weigh a rollout, None for attention alone."""
    return None if weighing.target is None else class_gradients(model, pixels, weighing.target)
