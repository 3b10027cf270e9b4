"""The network that a run begins with."""

import sys
from dataclasses import replace
from pathlib import Path

from tqdm import tqdm

from stvit.foreign_text import plain
from stvit.model import STViT
from stvit.variants import get_config
from stvit.weights.load import load_weights
from training.checkpoint import load_checkpoint
from training.config import TrainingConfig


def initial_model(config: TrainingConfig, classes: int, say_notes: bool) -> STViT:
    """Build the network of a run, from random weights or from those that the settings name.

    Args:
        config: model, drop_path, init, init_last, evaluation_mode.
        classes: Classes of the training images.
        say_notes: Whether to say what was taken from a file of weights.

    Raises:
        ValueError: If the weights cannot be used or do not fit.
        FileNotFoundError: If there are none.
    """
    model = STViT(replace(get_config(config.model), num_classes=classes, drop_path_rate=config.drop_path))
    if config.init is not None:
        start = load_checkpoint(Path(config.init))["model"] if config.init_last else config.init
        report = load_weights(model, start)
        for note in report.notes if say_notes else ():
            tqdm.write(f"{plain(Path(config.init).name)}: {note}", file=sys.stderr)
    return model.train(not config.evaluation_mode)
