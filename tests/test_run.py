"""run.py, before anything is installed."""

import subprocess
import venv

import pytest

import run


@pytest.mark.parametrize(
    ("error", "raised"),
    [(subprocess.CalledProcessError(1, "ensurepip"), SystemExit), (KeyboardInterrupt(), KeyboardInterrupt)],
)
def test_an_environment_that_cannot_be_made_leaves_nothing(error, raised, tmp_path, monkeypatch):
    def create(folder, with_pip):
        (folder / "bin").mkdir(parents=True)
        raise error

    monkeypatch.setattr(run, "ENVIRONMENT", tmp_path / ".venv")
    monkeypatch.setattr(venv, "create", create)
    with pytest.raises(raised) as caught:
        run.make_environment()
    assert raised is not SystemExit or "python3-venv" in str(caught.value)
    assert not (tmp_path / ".venv").exists()
