"""All settings of a training run as data."""

import json
from dataclasses import asdict, dataclass, fields

from stvit.config import CONFIGS

PRECISIONS = ("no", "bf16", "fp16")


@dataclass(frozen=True)
class TrainingConfig:
    """Settings of a training run; the defaults are the paper's recipe for STViT-S (section 4.1, after DeiT).

    Attributes:
        model: Name of the model, such as "stvit_small".
        epochs: Passes over the training images.
        batch_size: Images per step and process.
        lr: Peak learning rate for `lr_batch` images per step over all processes; it scales linearly with them.
        lr_batch: Images per step that `lr` is meant for.
        min_lr: Learning rate at the end, as a part of the peak.
        warmup_epochs: Epochs over which the learning rate rises linearly.
        weight_decay: AdamW's weight decay, for matrices and kernels only.
        clip_norm: Largest norm of the gradient; None leaves it as it is.
        label_smoothing: Probability mass spread over all classes.
        drop_path: Stochastic depth of the last block.
        ema_decay: Decay per step of the averaged weights.
        init: Checkpoint to start from (fine-tuning); None starts at random.
        sizes: (start, pixels) pairs: from this part of the run on, images have this side (progressive resizing).
        evaluation_size: Side of the validation images in pixels.
        evaluate_every: Epochs between validations; the last epoch always has one.
        crop_scale: Least and largest part of the image's area that a crop keeps.
        crop_ratio: Least and largest width over height of a crop.
        jitter: Largest relative change of brightness, contrast and saturation.
        randaugment: (operations, magnitude of 30) of RandAugment, or None.
        erase: Probability of random erasing.
        mixup: Alpha of Mixup, 0 for none.
        cutmix: Alpha of CutMix, 0 for none.
        mix_probability: Probability that a batch is mixed at all.
        precision: "bf16" or "fp16" run matrix products in that format, "no" stays in float32.
        channels_last: Keep weights and feature maps channels-last (on a CPU the model lays feature maps so itself).
        plain_attention: Use PyTorch's unfused attention; faster on CPUs for the few tokens there are.
        threads: CPU threads; None leaves PyTorch's choice.
        workers: Processes that prepare batches; 0 prepares them in the training process.
        seed: Seed of everything random.
        checkpoint_every: Steps between checkpoints within an epoch; every epoch ends with one.
        time_budget: Seconds of training after which the schedule has to be complete: the run then moves through
            its schedule by time as soon as time is ahead of the epochs. Results then depend on the machine.
    """

    model: str = "stvit_small"
    epochs: int = 300
    batch_size: int = 128
    lr: float = 1e-3
    lr_batch: int = 1024
    min_lr: float = 0.01
    warmup_epochs: int = 5
    weight_decay: float = 0.05
    clip_norm: float | None = 5.0
    label_smoothing: float = 0.1
    drop_path: float = 0.1
    ema_decay: float = 0.99996
    init: str | None = None
    sizes: tuple[tuple[float, int], ...] = ((0.0, 224),)
    evaluation_size: int = 224
    evaluate_every: int = 1
    crop_scale: tuple[float, float] = (0.08, 1.0)
    crop_ratio: tuple[float, float] = (3 / 4, 4 / 3)
    jitter: float = 0.0
    randaugment: tuple[int, int] | None = (2, 9)
    erase: float = 0.25
    mixup: float = 0.8
    cutmix: float = 1.0
    mix_probability: float = 1.0
    precision: str = "bf16"
    channels_last: bool = True
    plain_attention: bool = False
    threads: int | None = None
    workers: int = 8
    seed: int = 0
    checkpoint_every: int = 1000
    time_budget: float | None = None

    def __post_init__(self) -> None:
        """Turn lists (from JSON) into tuples and check the ranges."""
        object.__setattr__(self, "sizes", tuple((float(start), int(side)) for start, side in self.sizes))
        for name in ("crop_scale", "crop_ratio", "randaugment"):
            value = getattr(self, name)
            object.__setattr__(self, name, None if value is None else tuple(value))
        self._check_choices()
        self._check_ranges()
        self._check_sizes()

    def to_json(self) -> str:
        """Return all settings as JSON."""
        return json.dumps(asdict(self))

    @classmethod
    def from_json(cls, text: str) -> "TrainingConfig":
        """Build the settings that `to_json` wrote.

        Raises:
            ValueError: If a setting is unknown.
        """
        values = json.loads(text)
        unknown = sorted(set(values) - {field.name for field in fields(cls)})
        if unknown:
            raise ValueError(f"Unknown training settings: {', '.join(unknown)}.")
        return cls(**values)

    def size_at(self, progress: float) -> int:
        """Return the side of training images, in pixels, at a part of the run between 0 and 1."""
        return [side for start, side in self.sizes if start <= progress][-1]

    def _check_choices(self) -> None:
        if self.model not in CONFIGS:
            raise ValueError(f"There is no model {self.model!r}; known are {', '.join(CONFIGS)}.")
        if self.precision not in PRECISIONS:
            raise ValueError(f"precision must be one of {', '.join(PRECISIONS)}, got {self.precision!r}.")

    def _check_ranges(self) -> None:
        for name in ("epochs", "batch_size", "evaluate_every", "checkpoint_every", "evaluation_size"):
            if getattr(self, name) < 1:
                raise ValueError(f"{name} must be at least 1, got {getattr(self, name)}.")
        for name in ("label_smoothing", "drop_path", "ema_decay", "erase", "mix_probability", "min_lr"):
            if not 0 <= getattr(self, name) <= 1:
                raise ValueError(f"{name} must lie between 0 and 1, got {getattr(self, name)}.")
        for name in ("lr", "weight_decay", "jitter", "mixup", "cutmix", "warmup_epochs", "workers"):
            if getattr(self, name) < 0:
                raise ValueError(f"{name} must not be negative, got {getattr(self, name)}.")

        if self.time_budget is not None and self.time_budget <= 0:
            raise ValueError(f"time_budget must be more than 0 seconds, got {self.time_budget}.")

    def _check_sizes(self) -> None:
        starts = [start for start, _ in self.sizes]
        if not starts or starts[0] != 0 or starts != sorted(starts) or starts[-1] >= 1:
            raise ValueError(f"sizes must start at 0 and rise to less than 1, got {self.sizes}.")
        if min(side for _, side in self.sizes) < 32:
            raise ValueError(f"sizes must be at least 32 pixels, got {self.sizes}.")
