"""`torch.compile` takes the whole model as one graph, and compiles it once."""

import pytest

from stvit.variants import VARIANTS
from tests.support.compiling import compiled_runs

SHORT = {"depths": (2, 1, 1, 1)}
"""One block of each kind, shifted windows included."""

RUNS = [(name, SHORT, mode) for name in VARIANTS for mode in ("evaluation", "training")] + [
    ("stvit_demo", {}, "evaluation"),  # ten blocks, more than Dynamo's limit of recompilations
    ("twin_super", SHORT | {"gradient_checkpointing": True, "drop_path_rate": 0.2}, "training"),
    ("twin_super", {"depths": (1, 1, 1, 1)}, "dynamic"),
]


@pytest.fixture(scope="module")
def runs() -> list[dict]:
    return compiled_runs(RUNS)


@pytest.mark.slow
@pytest.mark.parametrize("number", range(len(RUNS)), ids=[f"{name}-{mode}-{len(more)}" for name, more, mode in RUNS])
def test_one_graph_and_the_same_numbers(runs: list[dict], number: int) -> None:
    assert runs[number]["graphs"] == 1
    assert runs[number]["difference"] <= 1e-5
