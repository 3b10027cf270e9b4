"""The whole state of a run in one file, written so that a kill at any moment leaves a usable one."""

import random
from pathlib import Path
from typing import Any

import numpy as np
import torch

from stvit.atomic_files import write_atomically
from stvit.weights import read_checkpoint
from training.config import TrainingConfig

LAST = "last.pt"
"""File name of the newest checkpoint of a run."""

AVERAGED = "averaged"
"""Key of the averaged (EMA) weights in a checkpoint."""


def random_state() -> dict[str, Any]:
    """Return the state of every global random generator, as tensors and plain values."""
    name, keys, position, has_gauss, cached = np.random.get_state()  # noqa: NPY002 - saved for libraries that use it
    return {
        "python": random.getstate(),
        "numpy": (str(name), torch.from_numpy(np.asarray(keys).astype(np.int64)), position, has_gauss, cached),
        "torch": torch.get_rng_state(),
        "cuda": torch.cuda.get_rng_state_all() if torch.cuda.is_available() else [],
    }


def restore_random_state(state: dict[str, Any]) -> None:
    """Put every global random generator back to a saved state."""
    version, internal, gauss = state["python"]
    random.setstate((version, tuple(internal), gauss))
    name, keys, *rest = state["numpy"]
    np.random.set_state((name, keys.numpy().astype(np.uint32), *rest))  # noqa: NPY002 - see above
    torch.set_rng_state(state["torch"].cpu())
    if state["cuda"] and torch.cuda.is_available():
        torch.cuda.set_rng_state_all(state["cuda"])


def save_checkpoint(path: Path, state: dict[str, Any]) -> None:
    """Write a checkpoint; the previous one stays until the new one is complete on disk.

    Raises:
        OSError: If the disk is full; the previous checkpoint stays and nothing half-written is left.
    """
    write_atomically(path, lambda file: torch.save(state, file))


def load_checkpoint(path: Path) -> dict[str, Any]:
    """Read a checkpoint that `save_checkpoint` wrote, without running any code from it.

    Raises:
        FileNotFoundError: If there is none.
        ValueError: In one sentence, why the file is not a checkpoint of a run.
    """
    if not path.is_file():
        raise FileNotFoundError(f"Expected a training checkpoint at {path}, but there is none.")
    state = read_checkpoint(path)
    if not is_run(state):
        raise ValueError(f"{path} is not a training checkpoint: it holds no training_config.")
    return state


def config_of(state: dict[str, Any]) -> TrainingConfig:
    """Return the settings of the run that a checkpoint holds."""
    return TrainingConfig.from_json(state["training_config"])


def is_run(content: Any) -> bool:
    """Return whether what a file holds is the state of a run."""
    return isinstance(content, dict) and isinstance(content.get("training_config"), str)
