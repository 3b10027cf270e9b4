"""The class names of ImageNet-1k, in the order of the released models' logits."""

from functools import cache
from importlib.resources import files

CLASSES = 1000


@cache
def imagenet_class_names() -> tuple[str, ...]:
    """Return the 1,000 names, class 0 ("tench") first: the first lemma of each WordNet synset, made unique.

    Example:
        >>> imagenet_class_names()[0]
        'tench'
    """
    return tuple(files("stvit.weights").joinpath("imagenet_classes.txt").read_text(encoding="utf-8").splitlines())
