"""The command for long runs finds, keeps and counts faults."""

from tests.fuzz import pictures
from tests.fuzz.__main__ import run


def test_faults_are_kept_once_each(tmp_path, monkeypatch, capsys):
    def attempt(data):
        if len(data) % 2:
            raise ZeroDivisionError("odd")
        return "loaded"

    monkeypatch.setattr(pictures, "attempt", attempt)
    assert run("pictures", seconds=0.3, seed=0, keep=tmp_path) == 1
    assert len((tmp_path / "pictures-0").read_bytes()) % 2
    assert {path.name for path in tmp_path.iterdir()} == {"last", "pictures-0"}
    output = capsys.readouterr().out
    assert "ZeroDivisionError: odd" in output
    assert "different faults: 1" in output


def test_without_a_fault_the_command_succeeds(tmp_path, monkeypatch):
    monkeypatch.setattr(pictures, "attempt", lambda data: "loaded")
    assert run("pictures", seconds=0.1, seed=0, keep=tmp_path) == 0
