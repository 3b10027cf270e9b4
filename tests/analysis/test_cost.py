"""Formulas by hand, and against what PyTorch counts."""

import pytest
import torch
from torch.utils.flop_counter import FlopCounterMode

from analysis.cost import (
    attention_macs,
    cost_table,
    counted_macs,
    crossing,
    global_attention_macs,
    super_token_attention_macs,
    time_table,
)
from stvit import CONFIGS, STViTConfig, TokenGrid, get_config
from stvit.cell_association import associate
from stvit.grid import stage_grid
from stvit.mixers import build_mixer


def test_formulas_by_hand():
    assert global_attention_macs(10, 3) == 2 * 100 * 3 + 4 * 10 * 9
    assert super_token_attention_macs(100, 4, 8) == 19 * 800 + 2 * 16 * 8 + 4 * 4 * 64 + 9 * 800


@pytest.mark.parametrize(("side", "channels", "heads"), [(8, 16, 2), (14, 64, 4)])
def test_global_formula_is_what_is_counted(side, channels, heads):
    assert counted_macs(TokenGrid(side, side, 1), channels, heads) == global_attention_macs(side**2, channels)


def test_super_token_formula_is_what_is_counted_but_for_the_folding():
    """The module compares, averages and upsamples with 9 neighbours: 27 N C. The formula has 28 N C (19 + 9),
    and the module spends 81 (2 C + C + 1) M more on its one-hot gather and fold convolutions.
    """
    grid, channels = TokenGrid(56, 56, 8), 64
    tokens, cells = grid.num_tokens, grid.num_super_tokens
    folding = 81 * (2 * channels + channels + 1) * cells
    counted = counted_macs(grid, channels, 1)
    assert counted - folding == super_token_attention_macs(tokens, cells, channels) - tokens * channels


@pytest.mark.parametrize("mixer", ["super", "global", "window", "conv"])
def test_every_mixer_is_known_by_its_formula(mixer):
    config, size = STViTConfig(depths=(1, 2, 1, 1), mixers=(mixer, mixer, "super", "super")), 448
    found = attention_macs(config, size, size)
    assert [(block.stage, block.block) for block in found] == [(0, 0), (1, 0), (1, 1), (2, 0), (3, 0)]
    for block, macs in found.items():
        grid = stage_grid(size, size, block.stage)
        with torch.device("meta"):
            module = build_mixer(config, block.stage, block.block).eval()
            tokens = torch.empty(1, config.embed_dims[block.stage], grid.height, grid.width)
        with FlopCounterMode(display=False) as counter, torch.no_grad():
            module(tokens)
        # Convolutions lack 25 N C of 2 N C^2; super tokens lack their folding.
        assert macs == pytest.approx(counter.get_total_flops() / 2, rel=0.25)


def test_crossing_is_where_the_formulas_meet():
    channels, per_cell = 4, 16
    tokens = crossing(channels, per_cell)
    assert tokens > 0
    cells = tokens / per_cell
    through = 28 * tokens * channels + 2 * cells**2 * channels + 4 * cells * channels**2
    assert through == pytest.approx(2 * tokens**2 * channels + 4 * tokens * channels**2)
    assert crossing(64, 64) == 0


def test_no_crossing_without_grouping():
    with pytest.raises(ValueError, match="at least 2 tokens"):
        crossing(64, 1)


def test_table_has_both_kinds_for_each_size_and_stage():
    table = cost_table(get_config("stvit_small"), (224, 384))
    assert len(table) == 2 * 2 * 2
    first = table[(table["size"] == 224) & (table["stage"] == 0)].set_index("attention")
    assert list(first["tokens"]) == [3136, 3136]
    assert list(first["super_tokens"]) == [49, 49]
    assert first.loc["global", "counted"] / first.loc["super", "counted"] > 30


@pytest.mark.parametrize(
    ("name", "mixer"), [("twin_global", "global"), ("twin_window", "window"), ("twin_conv", "conv")]
)
def test_a_stage_without_super_tokens_has_no_cost_to_compare(name, mixer):
    message = f"Stage 1 of this model has no super tokens .its mixer is '{mixer}' with cell 1., so there is no cost"
    for table in (lambda: cost_table(CONFIGS[name], [224]), lambda: time_table(CONFIGS[name], 0, {"super": [64]})):
        with pytest.raises(ValueError, match=message):
            table()


def test_the_block_that_is_timed_samples_as_often_as_the_model(monkeypatch):
    seen: list[int] = []

    def counted(tokens, grid, num_iters):
        seen.append(num_iters)
        return associate(tokens, grid, num_iters)

    monkeypatch.setattr("stvit.attention.associate", counted)
    config = STViTConfig(embed_dims=(8,) * 4, num_heads=(2,) * 4, num_iters=(3, 2, 1, 1))
    for stage, expected in ((0, 3), (1, 2)):
        seen.clear()
        time_table(config, stage, {"super": [64]})
        assert set(seen) == {expected}
