"""Train the tiny recipe, or resume it, and die by SIGKILL at a chosen moment; run by the test of resuming.

Arguments: folder of the run; "step", "write" or "never"; the number of the step or of the checkpoint to die at.
"""

import os
import signal
import sys
from contextlib import closing
from pathlib import Path

import stvit.atomic_files
import training.loop
from stvit import CONFIGS
from tests.support.training_data import TINY_MODEL, tiny_cache, tiny_config
from training.checkpoint import LAST


def die() -> None:
    os.kill(os.getpid(), signal.SIGKILL)


def main(out: Path, moment: str, number: int) -> None:
    CONFIGS["stvit_tiny"] = TINY_MODEL
    calls = {"step": 0, "write": 0}
    advance, sync = training.loop.Trainer._advance, os.fsync

    def counted_advance(trainer, crops, labels):
        calls["step"] += 1
        if moment == "step" and calls["step"] == number:
            die()
        advance(trainer, crops, labels)

    def counted_sync(descriptor):
        calls["write"] += 1
        if moment == "write" and calls["write"] == number:
            die()  # all is written, but the file does not bear its name yet
        sync(descriptor)

    training.loop.Trainer._advance = counted_advance
    stvit.atomic_files.os.fsync = counted_sync
    data = tiny_cache(), tiny_cache(3, seed=1)
    with closing(training.loop.Trainer(tiny_config(), *data, out, progress_bar=False)) as trainer:
        if (out / LAST).exists():
            trainer.resume()
        trainer.run()


if __name__ == "__main__":
    main(Path(sys.argv[1]), sys.argv[2], int(sys.argv[3]))
