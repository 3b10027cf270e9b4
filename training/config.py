"""All settings of a training run as data."""

import json
from dataclasses import asdict, dataclass, fields

from stvit.variants import CONFIGS, TWINS

PRECISIONS = ("no", "bf16", "fp16")

MAX_SIDE = 2048
"""Greatest side of training images in pixels."""

_COUNTS = ("epochs", "last_epoch", "evaluate_every", "checkpoint_every", "checkpoint_epochs")
_PARTS = ("label_smoothing", "drop_path", "ema_decay", "erase", "mix_probability", "jitter")
_AMOUNTS = ("lr", "min_lr", "weight_decay", "clip_norm", "mixup", "cutmix", "warmup_epochs")
_LIMITS: dict[str, tuple[float, float]] = {
    "batch_size": (1, 65536),
    "lr_batch": (1, 10**9),
    "evaluation_size": (32, MAX_SIDE),
    "repeats": (1, 100),
    "threads": (1, 256),  # PyTorch crashes with thousands
    "workers": (0, 256),
    "seed": (0, 2**32 - 1),
}
"""Least and greatest values of single settings."""


@dataclass(frozen=True)
class TrainingConfig:
    """Settings of a training run; the defaults are the paper's recipe for STViT-S (section 4.1, after DeiT).

    Attributes:
        model: Name of the model, such as "stvit_small".
        epochs: Passes over the training images; learning rate and sizes follow from them.
        last_epoch: Epoch after which the run ends before its schedule does (1 is the first), or None.
        batch_size: Images per step and process.
        lr: Peak learning rate for `lr_batch` images per step over all processes; it scales linearly with them.
        lr_batch: Images per step that `lr` is meant for.
        min_lr: Learning rate at the end; it does not scale.
        warmup_epochs: Epochs over which the learning rate rises linearly.
        weight_decay: AdamW's weight decay, for everything but vectors.
        clip_norm: Largest norm of the gradient; None leaves it as it is.
        label_smoothing: Probability mass spread over all classes.
        drop_path: Stochastic depth of the last block.
        late_drop_path: (start, rate): from this part of the run on, the stochastic depth of the last block; or None.
        ema_decay: Decay per step of the averaged weights.
        init: Checkpoint to start from (fine-tuning); None starts at random.
        init_last: Take the last weights of a run's checkpoint, not the averaged ones.
        evaluation_mode: Train the network in evaluation mode: BatchNorm by its running statistics, which stay as they
            are, and neither dropout nor stochastic depth.
        sizes: (start, pixels) pairs: from this part of the run on, images have this side (progressive resizing).
        evaluation_size: Side of the validation images in pixels.
        evaluate_every: Epochs between validations; the last epoch always has one.
        crop_scale: Least and largest part of the image's area that a crop keeps.
        crop_ratio: Least and largest width over height of a crop.
        repeats: Times that an epoch draws the same image in a row (repeated augmentation).
        jitter: Largest relative change of brightness, contrast and saturation.
        randaugment: (operations, magnitude of 10) of RandAugment, or None.
        erase: Probability of random erasing, by noise.
        mixup: Alpha of Mixup, 0 for none.
        cutmix: Alpha of CutMix, 0 for none.
        mix_probability: Probability that a batch is mixed at all.
        precision: "bf16" or "fp16" run matrix products in that format, "no" stays in float32.
        channels_last: Keep weights and feature maps channels-last (on a CPU the model lays feature maps so itself).
        plain_attention: Use PyTorch's unfused attention; faster on CPUs for the few tokens there are.
        on_device: Keep all decoded images in the memory of the training device and crop them there.
        threads: CPU threads; None leaves PyTorch's choice.
        workers: Processes that prepare batches; 0 prepares them in the training process.
        seed: Seed of everything random.
        checkpoint_every: Steps between checkpoints within an epoch.
        checkpoint_epochs: Epochs between checkpoints at the end of one; the last epoch always has one.
        time_budget: Seconds of training after which the schedule has to be complete: the run then advances
            through its schedule by time as soon as time is ahead of the epochs. Results then depend on the machine.
    """

    model: str = "stvit_small"
    epochs: int = 300
    last_epoch: int | None = None
    batch_size: int = 128
    lr: float = 1e-3
    lr_batch: int = 1024
    min_lr: float = 1e-5
    warmup_epochs: float = 5
    weight_decay: float = 0.05
    clip_norm: float | None = None
    label_smoothing: float = 0.1
    drop_path: float = 0.1
    late_drop_path: tuple[float, float] | None = None
    ema_decay: float = 0.99996
    init: str | None = None
    init_last: bool = False
    evaluation_mode: bool = False
    sizes: tuple[tuple[float, int], ...] = ((0.0, 224),)
    evaluation_size: int = 224
    evaluate_every: int = 1
    crop_scale: tuple[float, float] = (0.08, 1.0)
    crop_ratio: tuple[float, float] = (3 / 4, 4 / 3)
    repeats: int = 1
    jitter: float = 0.0
    randaugment: tuple[int, int] | None = (2, 9)
    erase: float = 0.25
    mixup: float = 0.8
    cutmix: float = 1.0
    mix_probability: float = 1.0
    precision: str = "bf16"
    channels_last: bool = True
    plain_attention: bool = False
    on_device: bool = False
    threads: int | None = None
    workers: int = 8
    seed: int = 0
    checkpoint_every: int = 1000
    checkpoint_epochs: int = 1
    time_budget: float | None = None

    def __post_init__(self) -> None:
        """Turn lists (from JSON) into tuples and check the ranges."""
        object.__setattr__(self, "sizes", tuple((float(start), int(side)) for start, side in self.sizes))
        for name in ("crop_scale", "crop_ratio", "randaugment", "late_drop_path"):
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
            ValueError: If a setting is unknown or makes no sense.
        """
        values = json.loads(text)
        unknown = sorted(set(values) - {field.name for field in fields(cls)})
        if unknown:
            raise ValueError(f"Unknown training settings: {', '.join(unknown)}.")
        try:
            return cls(**values)
        except TypeError as error:
            raise ValueError(f"The training settings hold a value of the wrong kind ({error}).") from error

    @property
    def run_epochs(self) -> int:
        """Number of epochs that the run actually trains."""
        return self.last_epoch or self.epochs

    def size_at(self, progress: float) -> int:
        """Return the side of training images, in pixels, at a part of the run between 0 and 1."""
        return [side for start, side in self.sizes if start <= progress][-1]

    def drop_path_at(self, progress: float) -> float:
        """Return the stochastic depth of the last block at a part of the run between 0 and 1."""
        late = self.late_drop_path is not None and progress >= self.late_drop_path[0]
        return self.late_drop_path[1] if late and self.late_drop_path else self.drop_path

    def _check_choices(self) -> None:
        if self.model not in CONFIGS:
            raise ValueError(f"There is no model {self.model!r}; known are {', '.join(CONFIGS)}.")
        if self.precision not in PRECISIONS:
            raise ValueError(f"precision must be one of {', '.join(PRECISIONS)}, got {self.precision!r}.")
        if self.model in TWINS and self.time_budget is not None:
            raise ValueError("Twins are compared, so they are trained for a number of epochs; leave time_budget out.")
        if self.on_device and self.randaugment is not None:
            raise ValueError("RandAugment works on the CPU; set randaugment to None, or on_device to False.")

    def _check_ranges(self) -> None:
        limits: dict[str, tuple[float, float]] = dict.fromkeys(_COUNTS, (1, 10**9))
        limits |= dict.fromkeys(_PARTS, (0, 1)) | dict.fromkeys(_AMOUNTS, (0, 10**9)) | _LIMITS
        for name, (least, most) in limits.items():
            value = getattr(self, name)
            # Written so that NaN is refused too.
            if value is not None and not least <= value <= most:
                raise ValueError(f"{name} must lie between {least:,} and {most:,}, got {value}.")
        for name in ("crop_scale", "crop_ratio"):
            least, most = getattr(self, name)
            if not 0 < least <= most:
                raise ValueError(f"{name} must be a least and a greatest number above 0, got {(least, most)}.")
        if self.run_epochs > self.epochs:
            raise ValueError(f"last_epoch must be at most the {self.epochs} epochs, got {self.last_epoch}.")
        if self.time_budget is not None and not 0 < self.time_budget < float("inf"):
            raise ValueError(f"time_budget must be more than 0 seconds, got {self.time_budget}.")

    def _check_sizes(self) -> None:
        starts = [start for start, _ in self.sizes]
        if not starts or starts[0] != 0 or starts != sorted(starts) or not starts[-1] < 1:
            raise ValueError(f"sizes must start at 0 and rise to less than 1, got {self.sizes}.")
        if not all(32 <= side <= MAX_SIDE for _, side in self.sizes):
            raise ValueError(f"sizes must be 32 to {MAX_SIDE} pixels, got {self.sizes}.")
