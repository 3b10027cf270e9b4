"""AdamW without decay of vectors, stochastic depth, the learning rate schedule, and how far a run has come."""

import itertools
import math
from dataclasses import dataclass, replace

from torch import nn
from torch.optim import AdamW, Optimizer
from torch.optim.lr_scheduler import LambdaLR

from stvit.model import STViT, drop_path_rates
from training.config import TrainingConfig


def build_optimizer(model: nn.Module, config: TrainingConfig, global_batch: int) -> AdamW:
    """Return AdamW with weight decay on all but vectors (norms and biases), as in the released script.

    LayerScale decays too: its shape is (1, C, 1, 1).

    Args:
        model: The model.
        config: lr, lr_batch, weight_decay.
        global_batch: Images per step over all processes; the learning rate scales with it.
    """
    trained = [p for p in model.parameters() if p.requires_grad]
    decayed = [p for p in trained if p.ndim > 1]
    plain = [p for p in trained if p.ndim <= 1]
    groups = [{"params": decayed, "weight_decay": config.weight_decay}, {"params": plain, "weight_decay": 0.0}]
    return AdamW(groups, lr=config.lr * global_batch / config.lr_batch, fused=True)


@dataclass
class Progress:
    """How far a run has come, by steps, or by time once time is ahead.

    Attributes:
        total_steps: Steps of the whole run.
        time_budget: Seconds in which it must be complete, or None.
        steps: Steps done.
        seconds: Seconds of training done, over all resumptions.
    """

    total_steps: int
    time_budget: float | None = None
    steps: int = 0
    seconds: float = 0.0

    @property
    def fraction(self) -> float:
        """Part of the run that is done, 0 to 1."""
        by_steps = self.steps / self.total_steps
        by_time = 0.0 if self.time_budget is None else self.seconds / self.time_budget
        return min(1.0, max(by_steps, by_time))

    def seconds_left(self, sizes: tuple[tuple[float, int], ...]) -> float:
        """Estimate the seconds to the end; an image costs its number of pixels.

        Args:
            sizes: (start, pixels) pairs of progressive resizing.
        """
        done = max(_pixels_until(self.steps / self.total_steps, sizes), 1e-9)
        by_steps = self.seconds * (_pixels_until(1.0, sizes) / done - 1)
        return by_steps if self.time_budget is None else max(0.0, min(by_steps, self.time_budget - self.seconds))


def _pixels_until(fraction: float, sizes: tuple[tuple[float, int], ...]) -> float:
    """Integrate the pixels per image over a run, from its start to `fraction`."""
    ends = [start for start, _ in sizes[1:]] + [1.0]
    return sum(max(0.0, min(end, fraction) - start) * side**2 for (start, side), end in zip(sizes, ends, strict=True))


def lr_factor(fraction: float, warmup: float, floor: float) -> float:
    """Return the learning rate over its peak: a linear rise, then half a cosine.

    Args:
        fraction: Part of the run done, 0 to 1.
        warmup: Part of the run that the rise takes.
        floor: Value at the end.
    """
    if fraction < warmup:
        return fraction / warmup
    done = (fraction - warmup) / max(1 - warmup, 1e-9)
    return floor + (1 - floor) * 0.5 * (1 + math.cos(math.pi * done))


def build_schedule(optimizer: Optimizer, config: TrainingConfig, progress: Progress) -> LambdaLR:
    """Return the schedule: the learning rate follows `progress`, which the loop advances."""
    warmup = min(config.warmup_epochs / config.epochs, 1.0)
    floor = min(1.0, config.min_lr / max(optimizer.defaults["lr"], 1e-30))  # no rise, even with few images per step
    half_step = 0.5 / progress.total_steps  # so that neither the first nor the last step has a rate of 0
    return LambdaLR(optimizer, lambda _: lr_factor(min(1.0, progress.fraction + half_step), warmup, floor))


def set_drop_path(model: STViT, rate: float) -> None:
    """Set the stochastic depth of all blocks: from 0 in the first, linearly, to `rate` in the last."""
    rates = iter(itertools.chain(*drop_path_rates(replace(model.config, drop_path_rate=rate))))
    for block in model.blocks().values():
        block.drop_path.rate = next(rates)
