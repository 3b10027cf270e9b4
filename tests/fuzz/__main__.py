"""Damage files of a target at random for a while, and keep what makes it fail."""

import argparse
import faulthandler
import importlib
import random
import tempfile
import time
import traceback
import warnings
from collections import Counter
from pathlib import Path

from tests.fuzz import TARGETS
from tests.fuzz.edits import damage, random_edits

KEEP = Path(tempfile.gettempdir()) / "stvit-fuzz"
SLOW = 10.0
"""Seconds for one small file from which on it counts as a fault."""


def main() -> int:
    parser = argparse.ArgumentParser(prog="python -m tests.fuzz", description=__doc__)
    parser.add_argument("target", choices=TARGETS)
    parser.add_argument("--seconds", type=float, default=60, help="how long to run (default: 60)")
    parser.add_argument("--seed", type=int, default=0, help="of the random numbers (default: 0)")
    parser.add_argument("--keep", type=Path, default=KEEP, help=f"folder for files that fail (default: {KEEP})")
    warnings.simplefilter("error")
    faulthandler.enable()
    return run(**vars(parser.parse_args()))


def run(target: str, seconds: float, seed: int, keep: Path) -> int:
    """Return 1 if there were faults, else 0."""
    keep.mkdir(parents=True, exist_ok=True)
    module, source = importlib.import_module(f"tests.fuzz.{target}"), random.Random(seed)
    good, outcomes, faults = list(module.seeds().values()), Counter[str](), Counter[str]()
    until = time.monotonic() + seconds
    while time.monotonic() < until:
        data = damage(source.choice(good), random_edits(source))
        data = getattr(module, "mend", bytes)(data) if source.random() < 0.7 else data
        (keep / "last").write_bytes(data)  # What a crash of the interpreter leaves behind.
        fault = _attempt(module, data, outcomes)
        if fault is not None and not faults[fault]:
            (keep / f"{target}-{len(faults)}").write_bytes(data)
            print(f"{target}-{len(faults)}:\n{fault}")
        faults.update([fault] if fault else [])
    print(f"{outcomes.total():,} files from {len(good)} seeds: {dict(outcomes)}; different faults: {len(faults)}")
    return min(len(faults), 1)


def _attempt(module, data: bytes, outcomes: Counter[str]) -> str | None:
    """Use a file; return where and how it failed, None for a right answer."""
    start = time.monotonic()
    try:
        outcomes[module.attempt(data)] += 1
    except Exception as error:
        outcomes["failed"] += 1
        return "".join(traceback.format_exception(error, limit=-3))
    return "slow" if time.monotonic() - start > SLOW else None


if __name__ == "__main__":
    raise SystemExit(main())
