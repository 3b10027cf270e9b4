"""The moving average of the weights, against a loop over its tensors."""

import pytest
import torch
from torch import nn

from stvit import create_model
from training.averaging import AveragedModel


def step(model, generator):
    with torch.no_grad():
        for tensor in (*model.parameters(), *model.buffers()):
            if tensor.is_floating_point():
                tensor.add_(torch.randn(tensor.shape, generator=generator))
            else:
                tensor.add_(1)


@pytest.mark.parametrize("layout", [torch.channels_last, torch.contiguous_format])
@pytest.mark.parametrize("decay", [0.0, 0.3, 0.998])
def test_the_average_is_that_of_a_slow_loop(layout, decay):
    model = create_model("twin_window", seed=0, depths=(1, 1, 1, 1)).to(memory_format=layout)
    averaged = AveragedModel(model, decay)
    expected = {}
    generator = torch.Generator().manual_seed(0)
    for update in range(12):
        step(model, generator)
        averaged.update_parameters(model)
        keep = min(decay, (1 + update) / (10 + update)) if update else 0.0
        for name, value in model.state_dict().items():
            new = value.double().clone()
            whole = not value.is_floating_point()
            expected[name] = new if whole or not update else keep * expected[name] + (1 - keep) * new
    for name, value in averaged.module.state_dict().items():
        torch.testing.assert_close(value.double(), expected[name], rtol=1e-5, atol=1e-5, msg=name)


def test_a_short_run_does_not_keep_what_it_began_with():
    """With a constant decay of 0.998 the first value would still have a weight of 0.67 after 200 updates."""
    model = nn.Linear(1, 1)
    averaged = AveragedModel(model, 0.998)
    for update in range(200):
        nn.init.constant_(model.weight, 1.0 if update == 0 else 0.0)
        averaged.update_parameters(model)
    assert 0 < averaged.module.weight.item() < 1e-12


def test_the_decay_rises_to_the_one_asked_for():
    averaged = AveragedModel(nn.Linear(1, 1), 0.99)
    decays = [averaged.decay_at(update) for update in range(2000)]
    assert decays[:2] == [1 / 10, 2 / 11]
    assert decays == sorted(decays)
    assert decays[889] < 0.99
    assert decays[-1] == 0.99
