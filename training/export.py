"""From the checkpoint of a run to a file of weights that the library loads."""

from collections.abc import Mapping
from pathlib import Path
from typing import Any

import torch

from stvit.config import STViTConfig
from stvit.error_text import counted, sentence
from stvit.model import STViT
from stvit.weights.load import load_weights, model_from_file, save_weights
from stvit.weights.stand_ins import kind_of
from training.checkpoint import AVERAGED, load_checkpoint
from training.class_names import readable_names


def model_from_checkpoint(path: Path) -> STViT:
    """Build the averaged model of a run's checkpoint, in evaluation mode, with its class names.

    Raises:
        FileNotFoundError: If there is no such file.
        ValueError: In one sentence, why it cannot be used.
    """
    return model_from_run(load_checkpoint(path), str(path))


def model_from_run(state: dict[str, Any], source: str) -> STViT:
    """Build the averaged model from the state of a run.

    Args:
        state: What the checkpoint holds.
        source: How a sentence names it.

    Raises:
        ValueError: If the state is incomplete or describes no model.
    """
    try:
        for part in ("model_config", AVERAGED):
            if not isinstance(state[part], Mapping):
                raise ValueError(f"its {part} is {kind_of(state[part])}, expected a mapping")
        config = STViTConfig.from_dict({**state["model_config"], "drop_path_rate": 0.0})
        if sum(config.depths) > len(state[AVERAGED]):
            held = counted(len(state[AVERAGED]), "tensor")
            raise ValueError(f"it states {sum(config.depths)} blocks but holds {held}")
        with torch.device("meta"):
            model = STViT(config)
        names = readable_names(state["class_names"])
        load_weights(model, state[AVERAGED])
    except (KeyError, TypeError, AttributeError, ValueError, RuntimeError) as error:
        reason = sentence(error).partition("\n")[0].rstrip(".")
        raise ValueError(f"{source} is not a usable training checkpoint: {reason}.") from error
    model.class_names = names
    return model.eval()


def export(checkpoint: Path, out: Path) -> STViT:
    """Write the averaged weights of a run as safetensors, in half precision, with config and class names.

    Args:
        checkpoint: A run's checkpoint.
        out: The file to write, ending in .safetensors.

    Returns:
        The model read back from the file, with the rounding that the shorter type brings.

    Raises:
        ValueError: If the file is not a checkpoint, or a weight does not fit the type.
        OSError: If the disk is full.
    """
    out.parent.mkdir(parents=True, exist_ok=True)
    save_weights(model_from_checkpoint(checkpoint), out, torch.float16)
    return model_from_file(out)
