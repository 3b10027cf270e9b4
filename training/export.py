"""From the checkpoint of a run to a file of weights that the library loads."""

from pathlib import Path

import torch

from stvit.config import STViTConfig
from stvit.model import STViT
from stvit.weights.load import model_from_file, save_weights
from training.checkpoint import load_checkpoint
from training.class_names import readable_names

AVERAGED = "averaged"
"""Key of the averaged (EMA) weights in a checkpoint."""


def model_from_checkpoint(path: Path) -> STViT:
    """Build the averaged model of a run's checkpoint, in evaluation mode, with its class names.

    Raises:
        FileNotFoundError: If there is no such file.
        ValueError: If it is not a checkpoint of a run.
    """
    state = load_checkpoint(path)
    config = STViTConfig.from_dict(state["model_config"] | {"drop_path_rate": 0.0})
    model = STViT(config)
    prefix = "module."
    weights = {key[len(prefix) :]: value for key, value in state[AVERAGED].items() if key.startswith(prefix)}
    model.load_state_dict(weights)
    model.class_names = readable_names(state["class_names"])
    return model.eval()


def export(checkpoint: Path, out: Path, dtype: torch.dtype = torch.float16) -> STViT:
    """Write the averaged weights of a run as safetensors with config and class names.

    Args:
        checkpoint: A run's checkpoint.
        out: The file to write, ending in .safetensors.
        dtype: Type that floats are stored in.

    Returns:
        The model read back from the file, with the rounding that the shorter type brings.

    Raises:
        ValueError: If the checkpoint is none, or a weight does not fit the type.
        OSError: If the disk is full.
    """
    out.parent.mkdir(parents=True, exist_ok=True)
    save_weights(model_from_checkpoint(checkpoint), out, dtype=dtype)
    return model_from_file(out)
