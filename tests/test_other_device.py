"""What `tests/other_device` holds: the model, the library and the app on a CUDA device, or on an emulated one.

In a process of its own, since PyTorch cannot forget a device that it was taught.
"""

import os
import subprocess
import sys

import pytest

from tests.support.paths import ROOT


@pytest.mark.parametrize("part", ["library", "app"])
def test_numbers_are_those_of_the_cpu(part):
    command = [sys.executable, "-m", "pytest", "-q", "-p", "no:xdist", "-p", "no:cacheprovider", "-rs"]
    alone = {name: value for name, value in os.environ.items() if not name.startswith("PYTEST_")}
    found = subprocess.run(
        [*command, f"tests/other_device/{part}.py"], cwd=ROOT, env=alone, capture_output=True, text=True
    )
    assert found.returncode == 0, found.stdout[-5000:] + found.stderr[-2000:]
    assert "passed" in found.stdout
