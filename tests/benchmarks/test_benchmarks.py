"""What the benchmarks measure with."""

import subprocess
import sys

import numpy as np

from benchmarks.memory import peak_mib

MEASURE = "import numpy; from benchmarks.memory import peak_mib; print(peak_mib())"


def test_peak_memory_is_that_of_the_process_and_not_of_its_parent() -> None:
    held = np.ones(2**30, np.uint8)
    child = subprocess.run([sys.executable, "-c", MEASURE], check=True, capture_output=True, text=True)
    assert 50 < float(child.stdout) < 1024 < peak_mib()
    assert held.nbytes == 2**30  # held until here


def test_peak_memory_grows_with_what_is_touched_and_does_not_fall() -> None:
    more = f"{MEASURE}; numpy.ones(200 * 2**20, numpy.uint8); print(peak_mib())"
    child = subprocess.run([sys.executable, "-c", more], check=True, capture_output=True, text=True)
    before, after = map(float, child.stdout.split())
    assert 150 < after - before < 250
