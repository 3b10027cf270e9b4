"""How the app uses the cores."""

import os
import subprocess
import sys

from tests.support.paths import ROOT

TOLD = "import os, sys, ui; assert not sys.modules.get('torch'); print(os.environ['OMP_WAIT_POLICY'])"


def told(**chosen: str) -> str:
    environment = {name: value for name, value in os.environ.items() if name != "OMP_WAIT_POLICY"} | chosen
    return subprocess.check_output([sys.executable, "-c", TOLD], cwd=ROOT, env=environment, text=True).strip()


def test_threads_that_wait_sleep_unless_somebody_chose_otherwise():
    assert told() == "passive"
    assert told(OMP_WAIT_POLICY="active") == "active"
