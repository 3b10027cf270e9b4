"""Hooks on a model that other threads run, too: attached all or none, removed whatever happens, silent elsewhere."""

from concurrent.futures import ThreadPoolExecutor

import pytest
import torch
from torch import nn

from stvit.capturing.shared_model import attached, in_this_thread


def hooks(module: nn.Module) -> int:
    return len(module._forward_hooks)


@pytest.mark.parametrize("fails", ["attaching", "inside"])
def test_nothing_is_left_where_something_fails(fails):
    layer = nn.Identity()

    def handles():
        yield layer.register_forward_hook(lambda *given: None)
        if fails == "attaching":
            raise KeyError("There is no such module.")
        yield layer.register_forward_hook(lambda *given: None)

    def use() -> None:
        with attached(handles()):
            assert hooks(layer) == 2
            raise KeyError

    with pytest.raises(KeyError):
        use()
    assert hooks(layer) == 0


def test_a_hook_of_this_thread_is_silent_in_others():
    layer, seen = nn.Identity(), []
    with (
        attached([layer.register_forward_hook(in_this_thread(lambda *given: seen.append(given[2].item())))]),
        ThreadPoolExecutor(1) as pool,
    ):
        pool.submit(layer, torch.tensor(1.0)).result()
        layer(torch.tensor(2.0))
    assert seen == [2.0]
