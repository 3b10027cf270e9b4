"""The sentence of Compare, from numbers."""

import pytest

from analysis.answers.compare import Seen, compare_answer


def seen(title, share, distance=10.0, where="stage 1, block 2"):
    return Seen(title, where, {"normalised_entropy": share, "distance": distance})


@pytest.mark.parametrize(
    ("sides", "words"),
    [
        (
            [seen("A", 0.91, 80.4), seen("B", 0.95, 117.2)],
            "At 15 % of the depth (stage 1, block 2), the attention of A has 91 % of the largest possible entropy and "
            "reaches 80 px, that of B 95 % and 117 px: B is nearer to uniform attention.",
        ),
        ([seen("A", 0.951), seen("B", 0.949)], "10 px: A and B are equally near to uniform attention."),
        ([seen("A", 0.2), seen("B", 0.9), seen("C", 0.4)], ": B is nearest to uniform attention."),
        (
            [seen("A", 0.2), Seen("C", "stage 3, block 1", {})],
            "depth, the attention of A (stage 1, block 2) has 20 % of the largest possible entropy and reaches 10 px, "
            "C (stage 3, block 1) has no attention.",
        ),
        ([Seen("C", "stage 1, block 1", {})] * 2, "(stage 1, block 1), C has no attention, C has no attention."),
    ],
)
def test_the_sentence(sides, words):
    assert words in compare_answer(0.15, sides)
