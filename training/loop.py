"""The training loop: every step a function of the state that checkpoints hold."""

import time
from contextlib import AbstractContextManager, nullcontext
from dataclasses import asdict
from pathlib import Path
from typing import Any

import torch
import torch.nn.functional as F
from accelerate import Accelerator
from accelerate.utils import broadcast, broadcast_object_list, gather_object, set_seed
from torch import Tensor
from torch.nn.attention import SDPBackend, sdpa_kernel

from stvit.error_text import counted, sentence
from training.augment import augment, mix, smooth_targets
from training.averaging import AveragedModel
from training.bars import open_bar
from training.batches import AUGMENTING, Process, load_batches, steps_per_epoch
from training.cache import ImageCache, check_same_classes
from training.checkpoint import AVERAGED, LAST, load_checkpoint, random_state, restore_random_state, save_checkpoint
from training.config import TrainingConfig
from training.crops import generator
from training.metrics import Average, MetricsLog, Tally, correct
from training.optimisation import Progress, build_optimizer, build_schedule, set_drop_path
from training.pictures import Cropper, PicturesOnCPU, PicturesOnDevice
from training.start import initial_model
from training.validation import validate

METRICS = "metrics.jsonl"

LOOKED_AT = 20
"""Steps between looks at the loss, each of which waits for the training device."""


class Trainer:
    """A run: model, averaged model, optimizer, schedule and the position within the epochs.

    Args:
        config: The settings.
        train: Training images.
        val: Validation images, with the same classes.
        out: Folder for checkpoint and metrics.
        progress_bar: Whether to show one.

    Raises:
        ValueError: If the two splits have different classes, or a batch does not fit the images.
    """

    def __init__(
        self, config: TrainingConfig, train: ImageCache, val: ImageCache, out: Path, progress_bar: bool = True
    ) -> None:
        check_same_classes(train, val)
        if config.threads is not None:
            torch.set_num_threads(config.threads)
        self.config, self.train_images, self.out = config, train, out
        self.accelerator = Accelerator(mixed_precision=config.precision)
        torch.backends.cudnn.benchmark = True  # a run has few shapes
        self.shows_progress = progress_bar and self.accelerator.is_main_process
        self.process = Process(self.accelerator.process_index, self.accelerator.num_processes)
        set_seed(config.seed, device_specific=True)
        model = initial_model(config, len(train.classes), self.accelerator.is_main_process)
        self.model_config = model.config
        layout = torch.channels_last if config.channels_last else torch.contiguous_format
        self.network = model.to(self.accelerator.device, memory_format=layout)  # type: ignore[call-overload]  # not in the stubs
        self.averaged = AveragedModel(self.network, config.ema_decay).eval()
        self.layout = layout
        self.steps = steps_per_epoch(len(train), config, self.process.world)
        optimizer = build_optimizer(self.network, config, config.batch_size * self.process.world)
        self.progress = Progress(self.steps * config.epochs, config.time_budget)
        self.schedule = build_schedule(optimizer, config, self.progress)
        self.model, self.optimizer = self.accelerator.prepare(self.network, optimizer)
        self.train_pictures, self.val_pictures = self._pictures(train), self._pictures(val)
        self.clock = time.perf_counter()
        self.epoch, self.step, self.size = 0, 0, config.size_at(0.0)
        self.tally = Tally(self.accelerator.device, Average())

    def _pictures(self, cache: ImageCache) -> Cropper:
        """Return the cropper of the images, on the training device if the settings say so."""
        return PicturesOnDevice(cache, self.accelerator.device) if self.config.on_device else PicturesOnCPU(cache)

    def run(self) -> None:
        """Train until the schedule is complete, from wherever the run stands."""
        self.clock = time.perf_counter()
        log = MetricsLog(self.out / METRICS, self.epoch) if self.accelerator.is_main_process else None
        with self._kernels():
            while not self._ended(self.epoch):
                row = self._run_epoch()
                if log is not None:
                    log.write(row)
                ended = self._ended(self.epoch)
                if ended or self.epoch % self.config.checkpoint_epochs == 0:
                    self.save()

    def _ended(self, epochs: int) -> bool:
        """Return whether the run is complete once so many epochs are done."""
        return self.progress.fraction >= 1 or epochs >= self.config.run_epochs

    def state_dict(self) -> dict[str, Any]:
        """Return the whole state of the run."""
        return {
            "training_config": self.config.to_json(),
            "model_config": asdict(self.model_config),
            "class_names": list(self.train_images.classes),
            "model": self.network.state_dict(),
            AVERAGED: self.averaged.state_dict(),
            "optimizer": self.optimizer.state_dict(),
            "schedule": self.schedule.state_dict(),
            "progress": (self.progress.steps, self.progress.seconds),
            "position": (self.epoch, self.step, self.size),
            "average": asdict(self.tally.average(self.progress.steps)),
            "images": len(self.train_images),
            "random": gather_object([random_state()]),
        }

    def load_state_dict(self, state: dict[str, Any]) -> None:
        """Restore the run to a saved state.

        Raises:
            ValueError: If the state belongs to a run with other data or a different number of processes.
        """
        try:
            self._restore(state)
        except (KeyError, TypeError, AttributeError, IndexError, RuntimeError) as error:
            reason = sentence(error).partition("\n")[0].rstrip(".: ")
            raise ValueError(f"The checkpoint does not fit the run ({reason}); start a new one.") from error

    def _restore(self, state: dict[str, Any]) -> None:
        self._check_same_run(state)
        self.network.load_state_dict(state["model"])
        self.averaged.load_state_dict(state[AVERAGED])
        self.optimizer.load_state_dict(state["optimizer"])
        self.progress.steps, self.progress.seconds = state["progress"]
        self.schedule.load_state_dict(state["schedule"])
        self.epoch, self.step, self.size = state["position"]
        self.tally = Tally(self.accelerator.device, Average(**state["average"]))
        restore_random_state(state["random"][self.process.rank])

    def _check_same_run(self, state: dict[str, Any]) -> None:
        then = (len(state["class_names"]), state.get("images", len(self.train_images)))
        now = (len(self.train_images.classes), len(self.train_images))
        if then != now or state["class_names"] != list(self.train_images.classes):
            raise ValueError(
                f"The run was begun on {then[1]} images of {then[0]} classes, the data has {now[1]} of {now[0]}, "
                "or other class names; resume with the same data."
            )
        if len(state["random"]) != self.process.world:
            raise ValueError(
                f"The run was begun by {counted(len(state['random']), 'process', 'processes')}; resume it with as "
                f"many, not {self.process.world}."
            )

    def save(self) -> None:
        """Write a checkpoint; all processes call it, the main one writes."""
        state = self.state_dict()
        if self.accelerator.is_main_process:
            save_checkpoint(self.out / LAST, state)

    def resume(self) -> None:
        """Continue from the newest checkpoint in `out`."""
        self.load_state_dict(load_checkpoint(self.out / LAST))

    def close(self) -> None:
        """Close the connection between processes; a process that exits with it open may abort as Python shuts down."""
        self.accelerator.end_training()

    def _run_epoch(self) -> dict[str, Any]:
        if self.step == 0:
            self.tally = Tally(self.accelerator.device, Average())
        set_drop_path(self.network, self.config.drop_path_at(self.epoch / self.config.epochs))
        with open_bar(self.shows_progress, total=self.steps, initial=self.step, unit="step") as bar:
            while self.step < self.steps and self.progress.fraction < 1:
                self._run_one_size(bar)
        row = self._epoch_row()
        self.epoch, self.step = self.epoch + 1, 0
        return row

    def _run_one_size(self, bar: Any) -> None:
        """Train until the epoch ends or the image size changes."""
        self.size = self.config.size_at(self.progress.fraction)
        bar.set_description(f"epoch {self.epoch + 1}/{self.config.run_epochs} at {self.size} px")
        pictures, config = self.train_pictures, self.config
        for crops, labels in load_batches(pictures, config, self.epoch, self.size, self.step, self.process):
            self._advance(crops, labels)
            bar.update()
            if self.step % LOOKED_AT == 0:
                bar.set_postfix_str(self._summary(bar))
            if self.step % self.config.checkpoint_every == 0 and self.step < self.steps:
                self.save()
            if self.progress.fraction >= 1 or self.config.size_at(self.progress.fraction) != self.size:
                return

    def _advance(self, crops: Tensor, labels: Tensor) -> None:
        self._step(*(part.to(self.accelerator.device, non_blocking=True) for part in (crops, labels)))
        self.step += 1
        self.progress.steps += 1
        self._count_time()
        self.schedule.step()

    def _count_time(self) -> None:
        """Add the time since the last call, so that loading, validation and saving count as well."""
        now = time.perf_counter()
        self.progress.seconds += now - self.clock
        self.clock = now
        if self.process.world > 1 and self.config.time_budget is not None:  # all processes must use the same clock
            shared = [self.progress.seconds]
            broadcast_object_list(shared)
            self.progress.seconds = shared[0]

    def _step(self, crops: Tensor, labels: Tensor) -> None:
        config = self.config
        random = generator(config.seed, self.epoch, self.step, self.process.rank, AUGMENTING)
        targets = smooth_targets(labels, len(self.train_images.classes), config.label_smoothing)
        pixels, targets = mix(augment(crops, config, random), targets, config, random)
        logits = self.model(pixels.contiguous(memory_format=self.layout))
        loss = F.cross_entropy(logits.float(), targets)
        self.accelerator.backward(loss)
        if config.clip_norm is not None:
            self.accelerator.clip_grad_norm_(self.model.parameters(), config.clip_norm)
        self.optimizer.step()
        self.optimizer.zero_grad()
        self.averaged.update_parameters(self.network)
        self.tally.add(loss, correct(logits, labels))

    def _epoch_row(self) -> dict[str, Any]:
        loss, accuracy = sum(gather_object([self.tally.average(self.progress.steps)]), Average()).means()
        row = {
            "epoch": self.epoch,
            "steps": self.progress.steps,
            "size": self.size,
            "lr": self.schedule.get_last_lr()[0],
            "train_loss": loss,
            "train_accuracy": accuracy,
            "seconds": round(self.progress.seconds, 2),
        }
        last = self._ended(self.epoch + 1)
        if last or (self.epoch + 1) % self.config.evaluate_every == 0:
            size = self.config.evaluation_size if last else self.size
            # Batch statistics differ between processes; those of the main one are saved, so they are evaluated.
            broadcast(list(self.averaged.buffers()))
            row |= validate(self.averaged.module, self.val_pictures, size, self.accelerator)
        return row

    def _summary(self, bar: Any) -> str:
        loss, accuracy = self.tally.average(self.progress.steps).means()
        rate = (bar.format_dict["rate"] or 0) * self.config.batch_size * self.process.world
        left = self.progress.seconds_left(self.config.sizes) / 60
        return f"loss {loss:.3f}, accuracy {accuracy:.1f} %, {rate:.0f} images/s, run {left:.0f} min left"

    def _kernels(self) -> AbstractContextManager[None]:
        """Return the context in which attention is computed by the kernels that the settings ask for."""
        return sdpa_kernel(SDPBackend.MATH) if self.config.plain_attention else nullcontext()
