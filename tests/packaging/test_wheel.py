"""The wheel and the sdist hold all that is needed: weights, samples, web files, the app and its settings."""

import subprocess
import sys
import sysconfig
import tarfile
import venv
import zipfile
from pathlib import Path

import pytest

from tests.support.paths import ROOT

pytestmark = pytest.mark.slow

SECONDS = 600


def run(*words: object, cwd: Path) -> str:
    done = subprocess.run([str(word) for word in words], cwd=cwd, capture_output=True, text=True, timeout=SECONDS)
    assert done.returncode == 0, done.stderr[-2000:]
    return done.stdout


def tracked() -> list[str]:
    return run("git", "ls-files", cwd=ROOT).split("\n")


@pytest.fixture(scope="module")
def archives(tmp_path_factory) -> tuple[Path, Path]:
    """Return a wheel and an sdist, built from a copy of the tracked files: setuptools leaves files in its folder."""
    folder = tmp_path_factory.mktemp("source")
    for name in filter(None, tracked()):
        (folder / name).parent.mkdir(parents=True, exist_ok=True)
        (folder / name).write_bytes((ROOT / name).read_bytes())
    (folder / "out").mkdir()
    for kind in ("wheel", "sdist"):
        run(sys.executable, "-c", f"from setuptools import build_meta; build_meta.build_{kind}('out')", cwd=folder)
    (wheel,), (sdist,) = (folder / "out").glob("*.whl"), (folder / "out").glob("*.tar.gz")
    return wheel, sdist


@pytest.fixture(scope="module")
def environment(archives, tmp_path_factory) -> Path:
    """Return an environment that holds the wheel alone, and reads the dependencies of this one."""
    folder = tmp_path_factory.mktemp("environment")
    venv.create(folder, with_pip=False)
    (site,) = folder.glob("lib/*/site-packages")
    (site / "dependencies.pth").write_text(sysconfig.get_path("purelib"))
    run(
        sys.executable,
        "-m",
        "pip",
        "--python",
        folder / "bin" / "python",
        "install",
        "--no-deps",
        "--quiet",
        archives[0],
        cwd=folder,
    )
    return folder


def test_both_hold_every_file_that_the_packages_need(archives):
    wheel, sdist = archives
    names = set(zipfile.ZipFile(wheel).namelist())
    rooms = ("stvit/", "analysis/", "training/", "ui/", "pretrained/")
    needed = {name for name in tracked() if name.startswith(rooms)}
    assert needed - names == set()
    shared = {name.partition("/data/share/stvit-inside/")[2] for name in names}
    assert {"app.py", ".streamlit/config.toml"} <= shared
    with tarfile.open(sdist) as tar:
        held = {name.partition("/")[2] for name in tar.getnames()}
    assert (needed | {"app.py", ".streamlit/config.toml", "LICENSE", "README.md"}) - held == set()


def test_the_installed_package_looks_at_a_picture(environment, tmp_path):
    python = environment / "bin" / "python"
    where = run(python, "-c", "import stvit; print(stvit.__file__)", cwd=tmp_path)
    assert Path(where.strip()).is_relative_to(environment)
    command = ["-m", "analysis", "export", "rollout", "--sample", "cat", "--out", "rollout.png"]
    said = run(python, *command, cwd=tmp_path)
    assert (tmp_path / "rollout.png").is_file(), said


def test_the_installed_app_draws_its_first_page(environment, tmp_path):
    script = (
        "from streamlit.testing.v1 import AppTest; from ui.start import SHARE; "
        "app = AppTest.from_file(str(SHARE / 'app.py'), default_timeout=300).run(); "
        "assert not app.exception, app.exception; print(len(app.main))"
    )
    assert int(run(environment / "bin" / "python", "-c", script, cwd=tmp_path)) > 0


def test_the_installed_command_starts_streamlit(environment, tmp_path):
    said = run(environment / "bin" / "stvit-inside", "--help", cwd=tmp_path)
    assert "streamlit run" in said
