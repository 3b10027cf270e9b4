import math

import pytest
import torch
from torch import nn

from stvit import create_model
from stvit.variants import TWINS
from training.config import TrainingConfig
from training.optimisation import Progress, build_optimizer, build_schedule, lr_factor, set_drop_path
from training.presets import CONTINUING, PRESETS, get_preset


def test_vectors_are_not_decayed_and_layer_scale_is():
    model = create_model("stvit_demo", layer_scale_init=(None, None, 1e-6, 1e-6))
    decayed, plain = build_optimizer(model, get_preset("demo"), 64).param_groups
    assert decayed["weight_decay"] == 0.05
    assert plain["weight_decay"] == 0
    exempt = set()
    for module in model.modules():
        if isinstance(module, nn.BatchNorm2d | nn.LayerNorm):
            exempt |= {module.weight, module.bias}
        if getattr(module, "bias", None) is not None:
            exempt.add(module.bias)
    assert set(plain["params"]) == exempt
    assert set(decayed["params"]) == set(model.parameters()) - exempt
    scales = {module.gamma for module in model.modules() if hasattr(module, "gamma")}
    assert len(scales) == 12
    assert scales <= set(decayed["params"])


def test_the_least_learning_rate_does_not_scale_with_the_batch():
    config = get_preset("paper_small")
    for batch in (1024, 256):
        optimizer = build_optimizer(nn.Linear(2, 2), config, batch)
        progress = Progress(total_steps=10**6, steps=10**6)
        assert build_schedule(optimizer, config, progress).get_last_lr()[0] == pytest.approx(1e-5, rel=1e-4)
    fine = get_preset("finetune_384", init="x")
    for fraction in (0, 0.5, 1):
        optimizer = build_optimizer(nn.Linear(2, 2), fine, 512)
        schedule = build_schedule(optimizer, fine, Progress(total_steps=100, steps=int(100 * fraction)))
        assert schedule.get_last_lr()[0] == pytest.approx(5e-6)


def test_stochastic_depth_of_the_large_model_rises_for_the_last_forty_epochs():
    large = get_preset("paper_large")
    rates = [large.drop_path_at(epoch / large.epochs) for epoch in range(large.epochs)]
    assert rates == [0.4] * 260 + [0.6] * 40
    assert get_preset("paper_base").drop_path_at(0.99) == 0.4
    model = create_model("stvit_demo", drop_path_rate=0.1)
    set_drop_path(model, 0.6)
    found = [block.drop_path.rate for block in model.blocks().values()]
    assert found == pytest.approx([0.6 * depth / 9 for depth in range(10)])


def test_learning_rate_scales_with_the_images_per_step():
    model = nn.Linear(2, 2)
    assert build_optimizer(model, get_preset("paper_small"), 1024).defaults["lr"] == 1e-3
    assert build_optimizer(model, get_preset("paper_small"), 256).defaults["lr"] == 2.5e-4


def test_factor_is_a_linear_rise_and_half_a_cosine():
    assert lr_factor(0.05, 0.1, 0.2) == pytest.approx(0.5)
    assert lr_factor(0.1, 0.1, 0.2) == pytest.approx(1.0)
    assert lr_factor(0.55, 0.1, 0.2) == pytest.approx(0.6)
    assert lr_factor(1.0, 0.1, 0.2) == pytest.approx(0.2)
    assert lr_factor(0.0, 0.0, 0.0) == 1.0
    assert lr_factor(1 / 3, 0.0, 0.0) == pytest.approx(0.5 * (1 + math.cos(math.pi / 3)))


def test_schedule_agrees_with_that_of_pytorch_after_the_rise():
    config = get_preset("demo", epochs=10, warmup_epochs=0)
    optimizer = torch.optim.SGD(nn.Linear(1, 1).parameters(), lr=2.0)
    progress = Progress(total_steps=1000)
    schedule = build_schedule(optimizer, config, progress)
    oracle = torch.optim.lr_scheduler.CosineAnnealingLR(
        torch.optim.SGD(nn.Linear(1, 1).parameters(), lr=2.0), T_max=1000
    )
    optimizer.step()
    oracle.optimizer.step()
    for _ in range(999):
        progress.steps += 1
        schedule.step()
        oracle.step()
        # ours is taken at the middle of a step, so that the last step still moves
        assert schedule.get_last_lr()[0] == pytest.approx(oracle.get_last_lr()[0], abs=2 * math.pi / 4 / 1000)
    assert 0 < schedule.get_last_lr()[0] < 1e-5


def test_time_takes_over_only_once_it_is_ahead():
    progress = Progress(total_steps=100, time_budget=60.0, steps=50, seconds=20.0)
    assert progress.fraction == 0.5
    progress.seconds = 45.0
    assert progress.fraction == 0.75
    progress.seconds = 80.0
    assert progress.fraction == 1.0
    assert Progress(100, None, 50, 1e9).fraction == 0.5


def test_time_left_counts_an_image_by_its_pixels():
    sizes = ((0.0, 100), (0.5, 200))
    assert Progress(100, None, 50, 10.0).seconds_left(sizes) == pytest.approx(40.0)
    assert Progress(100, None, 75, 30.0).seconds_left(sizes) == pytest.approx(20.0)
    assert Progress(100, 45.0, 50, 10.0).seconds_left(sizes) == pytest.approx(35.0)
    assert Progress(100, 45.0, 100, 50.0).seconds_left(sizes) == 0.0


def test_presets_state_the_recipe_of_the_paper():
    assert [PRESETS[f"paper_{size}"].drop_path for size in ("small", "base", "large")] == [0.1, 0.4, 0.4]
    for name in ("paper_small", "paper_base", "paper_large"):
        preset = PRESETS[name]
        assert (preset.epochs, preset.warmup_epochs, preset.lr, preset.lr_batch) == (300, 5, 1e-3, 1024)
        assert (preset.label_smoothing, preset.mixup, preset.cutmix, preset.erase) == (0.1, 0.8, 1.0, 0.25)
        assert preset.randaugment == (2, 9)
        assert (preset.min_lr, preset.repeats, preset.clip_norm, preset.jitter) == (1e-5, 3, None, 0.0)
        assert preset.size_at(0.99) == 224
    fine = PRESETS["finetune_384"]
    assert fine.size_at(0.0) == 384
    assert (fine.evaluation_mode, fine.mixup, fine.cutmix, fine.epochs) == (True, 0.8, 1.0, 30)
    assert (fine.lr, fine.min_lr, fine.lr_batch, fine.weight_decay) == (5e-6, 5e-6, 512, 1e-8)


def test_twins_share_one_recipe_of_a_fixed_length():
    preset = get_preset("twins")
    assert preset.model in TWINS
    assert (preset.on_device, preset.time_budget, preset.randaugment) == (True, None, None)
    with pytest.raises(ValueError, match="trained for a number of epochs; leave time_budget out"):
        get_preset("twins", time_budget=60.0)
    with pytest.raises(ValueError, match="twins_continued starts from weights: name them by --init FILE"):
        get_preset("twins_continued")


def test_the_second_phase_of_the_twins_goes_on_about_where_the_first_stopped():
    first, second = get_preset("twins"), get_preset("twins_continued", init="weights")
    reached = first.lr * lr_factor(first.run_epochs / first.epochs, first.warmup_epochs / first.epochs, 0.0)
    assert 0.75 < second.lr / reached <= 1
    assert (first.lr_batch, second.lr_batch) == (first.batch_size, second.batch_size)  # rates are those stated
    assert (second.min_lr, second.sizes, second.crop_scale) == (0.0, first.sizes, first.crop_scale)


@pytest.mark.parametrize("last", [0, 41])
def test_a_run_cannot_end_after_its_schedule(last):
    with pytest.raises(ValueError, match="last_epoch must"):
        TrainingConfig(epochs=40, last_epoch=last)


def test_sizes_change_at_their_part_of_the_run():
    config = TrainingConfig(sizes=((0.0, 96), (0.5, 128)))
    assert [config.size_at(part) for part in (0.0, 0.49, 0.5, 1.0)] == [96, 96, 128, 128]


def test_settings_survive_json_and_unknown_ones_are_named():
    for preset in PRESETS.values():
        assert TrainingConfig.from_json(preset.to_json()) == preset
    with pytest.raises(ValueError, match="Unknown training settings: speed"):
        TrainingConfig.from_json('{"speed": 1}')


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        ({"model": "vit"}, "There is no model 'vit'; known are stvit_demo, stvit_small"),
        ({"precision": "int8"}, "precision must be one of no, bf16, fp16, got 'int8'"),
        ({"epochs": 0}, "epochs must lie between 1 and 1,000,000,000, got 0"),
        ({"mix_probability": 1.5}, "mix_probability must lie between 0 and 1, got 1.5"),
        ({"lr": -1.0}, "lr must lie between 0 and 1,000,000,000, got -1"),
        ({"sizes": ((0.1, 96),)}, "sizes must start at 0 and rise"),
        ({"sizes": ((0.0, 16),)}, "sizes must be 32 to 2048 pixels"),
        ({"lr": float("nan")}, "lr must lie between 0 and 1,000,000,000, got nan"),
        ({"threads": 100000}, "threads must lie between 1 and 256, got 100000"),
        ({"crop_scale": (0.5, 0.1)}, "crop_scale must be a least and a greatest number above 0"),
        ({"on_device": True}, "RandAugment works on the CPU; set randaugment to None"),
        ({"time_budget": 0.0}, "time_budget must be more than 0 seconds, got 0.0"),
    ],
)
def test_bad_settings_are_refused(changes, message):
    with pytest.raises(ValueError, match=message):
        TrainingConfig(**changes)


def test_unknown_preset_is_refused():
    with pytest.raises(KeyError, match="There is no preset 'tiny'; known are paper_small"):
        get_preset("tiny")


@pytest.mark.parametrize("name", CONTINUING)
def test_a_recipe_that_continues_needs_weights(name):
    with pytest.raises(ValueError, match=f"The recipe {name} starts from weights: name them by --init FILE"):
        get_preset(name)
    assert get_preset(name, init="first.safetensors").init == "first.safetensors"
