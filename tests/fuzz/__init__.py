"""Damaged files, for as long as wanted: `python -m tests.fuzz pictures --seconds 60`.

Each target is a module of this package, named in `TARGETS`, that gives

- `seeds() -> dict[str, bytes]`: good files to start from, made on the spot, by name;
- `attempt(data: bytes) -> str`: use the file and return one word for how it went ("loaded", "refused"); any
  exception is a fault.

It may give `mend(data: bytes) -> bytes`, which puts checksums right so that the damage behind them is reached. The
tests draw the same edits with Hypothesis (`edits.py`); found faults get a test of their own.
"""

TARGETS = ("pictures", "weights")
