"""Captures of models that are compiled, or wrapped for several devices."""

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from threading import Barrier, Thread

import pytest
import torch
from torch import Tensor, nn
from torch.distributed import destroy_process_group, init_process_group
from torch.nn.parallel import DistributedDataParallel

from analysis.relevance.class_gradient import class_gradients
from stvit import STViT, capture
from stvit.capturing.wrapped import running_eagerly, underneath
from tests.support.capture_checks import assert_untouched, same
from tests.support.tiny import tiny_model, tiny_pixels


class Backend:
    """Stands in for a compiler: counts what it is given, and runs of what it returned."""

    def __init__(self) -> None:
        self.compiled, self.runs = 0, 0

    def __call__(self, graph: torch.fx.GraphModule, inputs: list[Tensor]) -> Callable[..., object]:
        self.compiled += 1

        def run(*arguments: object) -> object:
            self.runs += 1
            return graph(*arguments)

        return run


@pytest.fixture(autouse=True)
def _fresh() -> Iterator[None]:
    torch._dynamo.reset()
    yield
    torch._dynamo.reset()


def shallow() -> STViT:
    return tiny_model(depths=(1, 1, 1, 1))


def compiled(model: nn.Module) -> nn.Module:
    return torch.compile(model, backend="eager")


@contextmanager
def group(tmp_path) -> Iterator[None]:
    init_process_group("gloo", init_method=f"file://{tmp_path / 'rendezvous'}", rank=0, world_size=1)
    try:
        yield
    finally:
        destroy_process_group()


@pytest.mark.parametrize(
    "wrapped",
    [compiled, nn.DataParallel, lambda model: compiled(nn.DataParallel(model))],
    ids=["compiled", "parallel", "both"],
)
def test_the_model_underneath_is_captured(wrapped: Callable[[nn.Module], nn.Module]) -> None:
    model, pixels = shallow(), tiny_pixels()
    assert same(capture(wrapped(model), pixels), capture(model, pixels))
    assert_untouched(model)


def test_a_distributed_model(tmp_path) -> None:
    model, pixels = shallow(), tiny_pixels()
    with group(tmp_path):
        distributed = DistributedDataParallel(model)
        assert same(capture(distributed, pixels), capture(model, pixels))
        assert torch.equal(distributed(pixels), model(pixels))


@pytest.mark.usefixtures("unchecked")
@pytest.mark.slow
@pytest.mark.parametrize("parts", ["whole", "one block"])
@torch.no_grad()
def test_a_model_compiled_in_place(parts: str) -> None:
    model, pixels, backend = shallow(), tiny_pixels(), Backend()
    expected, gradients = capture(model, pixels), class_gradients(model, pixels[:1])
    part = model if parts == "whole" else model.stages[0].blocks[0]
    part.compile(backend=backend)
    before = model(pixels)
    compiled_once, ran = backend.compiled, backend.runs
    assert ran > 0
    assert same(capture(model, pixels), expected)
    assert class_gradients(model, pixels[:1]).logit == gradients.logit
    assert (backend.compiled, backend.runs) == (compiled_once, ran)  # the captures ran nothing that was compiled
    assert torch.equal(model(pixels), before)
    assert (backend.compiled, backend.runs) == (compiled_once, 2 * ran)  # nor do they cause compilation
    assert_untouched(model)


@pytest.mark.usefixtures("unchecked")
@pytest.mark.parametrize("wrapped", [compiled, nn.DataParallel, lambda model: model])
def test_hooks_of_the_user_survive_and_fire(wrapped: Callable[[nn.Module], nn.Module]) -> None:
    model, pixels, fired = shallow(), tiny_pixels(), []
    model.register_forward_hook(lambda *_: fired.append("model"))
    model.blocks()[0, 0].attention.register_forward_hook(lambda *_: fired.append("attention"))
    capture(wrapped(model), pixels)
    model(pixels)
    assert fired == ["attention", "model"] * 2


def test_captures_that_overlap_leave_compilation_on() -> None:
    models, backend, together = [shallow(), shallow()], Backend(), Barrier(2)
    function = torch.compile(lambda value: value + 1, backend=backend)
    for model in models:
        model.compile(backend="eager")

    def hold(first: bool) -> None:
        with running_eagerly(models[first]):
            together.wait()
            if first:  # leaves later than the other
                other.join()

    other = Thread(target=hold, args=(False,))
    last = Thread(target=hold, args=(True,))
    other.start(), last.start()
    last.join()
    function(torch.zeros(1))
    assert backend.runs == 1
    with running_eagerly(models[0]):
        function(torch.zeros(1))
    assert backend.runs == 1


def test_other_wrappers_are_refused_in_a_sentence() -> None:
    with pytest.raises(TypeError, match="A capture runs an STViT, got Sequential; pass the STViT inside it"):
        capture(nn.Sequential(shallow()), tiny_pixels())
    assert underneath("text") == "text"
