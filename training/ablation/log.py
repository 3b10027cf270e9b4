"""What an ablation has measured so far: a line of JSON for each batch, so that a killed run goes on."""

import json
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from stvit.atomic_files import explain_full_disk, write_atomically
from stvit.foreign_text import plain
from training.metrics import read_metrics

SETTINGS = "settings.json"
ROWS = "batches.jsonl"


@dataclass(frozen=True)
class Answers:
    """What one network answered to one batch.

    Attributes:
        right: Whether each answer is right.
        divergence: KL(unchanged || changed) of each picture, in nats.
        seconds: Processor time of the network.
        grouping_seconds: Processor time of grouping the pictures.
    """

    right: list[bool]
    divergence: list[float]
    seconds: float
    grouping_seconds: float


class AblationLog:
    """The folder of a run.

    Args:
        folder: Where the lines are kept.
        settings: Everything that they depend on.

    Raises:
        ValueError: If the folder holds a run with other settings.
        OSError: If it cannot be written.
    """

    def __init__(self, folder: Path, settings: dict[str, Any]) -> None:
        folder.mkdir(parents=True, exist_ok=True)
        self._rows = folder / ROWS
        kept = folder / SETTINGS
        if kept.exists() and json.loads(kept.read_bytes()) != settings:
            raise ValueError(
                f"{plain(folder, 200)} holds an ablation of other networks, pictures or settings; choose another --out."
            )
        write_atomically(kept, json.dumps(settings, indent=1).encode())
        self.lines = read_metrics(self._rows) if self._rows.exists() else []
        write_atomically(self._rows, "".join(f"{json.dumps(line)}\n" for line in self.lines).encode())

    @property
    def done(self) -> set[int]:
        """Numbers of the batches that were measured."""
        return {line["batch"] for line in self.lines}

    def add(self, batch: int, answers: dict[str, dict[str, Answers]]) -> None:
        """Keep the answers of all networks to a batch, by model and ablation.

        Raises:
            OSError: If the disk is full.
        """
        found = {model: {name: vars(one) for name, one in rows.items()} for model, rows in answers.items()}
        line = {"batch": batch, "answers": found}
        with explain_full_disk(self._rows), self._rows.open("a") as file:
            file.write(f"{json.dumps(line)}\n")
        self.lines.append(json.loads(json.dumps(line)))

    def answers(self, model: str, ablation: str) -> list[Answers]:
        """Return what one network answered, batch by batch."""
        return [Answers(**line["answers"][model][ablation]) for line in self.lines]
