"""The recipes known by name."""

from dataclasses import replace
from typing import Any

from training.config import TrainingConfig

PRESETS: dict[str, TrainingConfig] = {
    "paper_small": TrainingConfig(repeats=3),
    "paper_base": TrainingConfig(model="stvit_base", drop_path=0.4, repeats=3),
    "paper_large": TrainingConfig(model="stvit_large", drop_path=0.4, late_drop_path=(260 / 300, 0.6), repeats=3),
    "finetune_384": TrainingConfig(
        epochs=30,
        batch_size=64,
        lr=5e-6,
        lr_batch=512,
        warmup_epochs=0,
        min_lr=5e-6,
        weight_decay=1e-8,
        evaluation_mode=True,
        sizes=((0.0, 384),),
        evaluation_size=384,
        repeats=3,
    ),
    "demo": TrainingConfig(
        model="stvit_demo",
        epochs=32,
        batch_size=64,
        lr=1.5e-3,
        lr_batch=64,
        min_lr=0.0,
        warmup_epochs=2,
        clip_norm=5.0,
        drop_path=0.02,
        ema_decay=0.995,
        sizes=((0.0, 96), (0.58, 128), (0.85, 160), (0.95, 192)),
        evaluate_every=4,
        crop_scale=(0.35, 1.0),
        jitter=0.2,
        randaugment=None,
        erase=0.1,
        mixup=0.2,
        cutmix=0.0,
        mix_probability=0.5,
        plain_attention=True,
        workers=0,
        checkpoint_every=50,
    ),
}
PRESETS["demo_continued"] = replace(
    PRESETS["demo"],
    epochs=40,
    lr=1e-3,
    warmup_epochs=1,
    drop_path=0.05,
    ema_decay=0.998,
    sizes=((0.0, 128), (0.5, 160), (0.78, 192), (0.92, 224)),
    evaluate_every=6,
    crop_scale=(0.25, 1.0),
    cutmix=1.0,
)
PRESETS["demo_gpu"] = replace(
    PRESETS["demo"],
    epochs=300,
    batch_size=256,
    lr=2e-3,
    lr_batch=256,
    warmup_epochs=10,
    drop_path=0.1,
    ema_decay=0.998,
    sizes=((0.0, 128), (0.4, 160), (0.7, 192), (0.85, 224)),
    evaluate_every=20,
    crop_scale=(0.2, 1.0),
    jitter=0.3,
    erase=0.25,
    mixup=0.4,
    cutmix=1.0,
    mix_probability=0.8,
    plain_attention=False,
    workers=12,
    checkpoint_every=1000,
)
PRESETS["twins"] = replace(
    PRESETS["demo"],
    model="twin_super",
    epochs=40,
    last_epoch=30,
    batch_size=256,
    lr=2e-3,
    lr_batch=256,
    warmup_epochs=8,
    drop_path=0.05,
    ema_decay=0.998,
    sizes=((0.0, 128),),
    evaluation_size=128,
    evaluate_every=25,
    crop_scale=(0.25, 1.0),
    jitter=0.3,
    erase=0.25,
    mixup=0.2,
    cutmix=1.0,
    mix_probability=0.6,
    plain_attention=False,
    on_device=True,
    checkpoint_every=1000,
    checkpoint_epochs=10,
)
PRESETS["twins_continued"] = replace(
    PRESETS["twins"],
    epochs=1,
    last_epoch=None,
    batch_size=128,
    lr=3.6e-4,
    lr_batch=128,
    warmup_epochs=0.1,
    init_last=True,
    ema_decay=0.98,
    evaluate_every=1,
    on_device=False,
    checkpoint_every=25,
    checkpoint_epochs=1,
)
"""Recipes by name: the paper's for each size, its fine-tuning at 384, the small demo on two CPU cores, a second run of
the demo that begins (`init`) from the weights of the first, the demo in one run on one GPU, and the two phases of
all twins (`python -m training twins` trains the four): a schedule ended early, then a short one from its last weights
to a learning rate of 0."""

TWIN_PHASES = ("twins", "twins_continued")
"""The recipes that a twin passes through, in turn."""

CONTINUING = ("finetune_384", "demo_continued", "twins_continued")
"""Recipes that make sense from given weights (`init`) only."""


def get_preset(name: str, **overrides: Any) -> TrainingConfig:
    """Return a recipe by name, with some settings replaced; a schedule of other `epochs` runs to its end.

    Raises:
        KeyError: If there is no such recipe; the message lists the known ones.
        ValueError: If the recipe continues from weights and none are named.
    """
    if name not in PRESETS:
        raise KeyError(f"There is no preset {name!r}; known are {', '.join(PRESETS)}.")
    whole = {"last_epoch": None} if "epochs" in overrides else {}
    config = replace(PRESETS[name], **whole | overrides)
    if name in CONTINUING and config.init is None:
        raise ValueError(f"The recipe {name} starts from weights: name them by --init FILE.")
    return config
