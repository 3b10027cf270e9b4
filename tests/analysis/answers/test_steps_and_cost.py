"""The sentences of Steps and Cost against the numbers of a captured token and of a counted table."""

import re

import pytest
import torch

from analysis.answers.cost import cost_answer
from analysis.answers.steps import output_answer, steps_answer
from analysis.one_token.contributions import token_output
from analysis.one_token.steps import token_steps
from stvit import BlockId, capture
from tests.support.tiny import tiny_model, tiny_pixels


def test_steps_names_the_heaviest_of_the_tokens_own_row() -> None:
    model = tiny_model()
    record = capture(model, tiny_pixels(1, 64, 64))[BlockId(0, 0)]
    steps = token_steps(record, 0, None, model.config.num_iters[0])
    weight = torch.zeros(record.grid.num_super_tokens)
    index, of_token = record.association.index[0, 0], record.association.weight[0, 0]
    weight[index[index >= 0]] = of_token[index >= 0]
    attends = weight @ record.super_attention[0].mean(0)  # Q A(S), by hand
    sentence = steps_answer(
        steps.heaviest,
        float(steps.weights[~steps.phantoms].max()),
        float(steps.weights[steps.phantoms].sum()),
        int(steps.mixed.argmax()),
        float(steps.mixed.max()),
    )
    found = [float(number) for number in re.findall(r"\d+(?:\.\d+)?", sentence)]
    lost = 1 - float(weight.sum())
    expected = [int(weight.argmax()), float(weight.max()), 1, lost, int(attends.argmax()), float(attends.max())]
    assert found == pytest.approx(expected, abs=6e-4)


def test_steps_names_the_head_that_makes_most_of_the_output() -> None:
    record = capture(tiny_model(), tiny_pixels(1, 64, 64))[BlockId(0, 0)]
    found = token_output(record, 7)
    sentence = output_answer(found.shares[:-1].tolist(), found.added_norm, found.residual_norm)
    added, head, share = map(float, re.findall(r"\d+(?=[ );])", sentence))
    output = record.output[0].flatten(1)[:, 7].double()
    along = torch.tensor(found.by_head) @ output / output.square().sum()
    assert (int(head) - 1, share) == (along.argmax(), pytest.approx(100 * along.max().item(), abs=0.51))
    assert added == pytest.approx(100 * output.norm().item() / record.residual_norm[0].flatten()[7].item(), abs=0.51)


@pytest.mark.parametrize(("through", "whole", "words"), [(2e6, 9e6, "4.5 times less"), (9e6, 2e6, "4.5 times more")])
def test_cost_says_which_is_less(through, whole, words) -> None:
    assert cost_answer(1, 96, through, whole).endswith(f": {words}.")
