"""One command with subcommands: found as data, helpful without torch, options declared once."""

import argparse
import dataclasses
import shlex
import subprocess
import sys
from pathlib import Path
from pkgutil import resolve_name
from types import ModuleType

import pytest

from analysis.commands import choices
from analysis.commands.choices import SAMPLES, HeadChoice, ModelChoice, RegionChoice
from analysis.commands.main import build_parser, main
from analysis.commands.measure_run import stored_under
from analysis.commands.measure_settings import MeasureSettings
from analysis.commands.registry import COMMANDS, VIEWS
from analysis.commands.settings import Settings, add_options, option, options_of, path, read, whole_number
from analysis.commands.views.groupings import Groupings
from analysis.commands.views.view import View
from analysis.one_token import region
from stvit.images.samples import sample_images
from tests.support.paths import ROOT

HEAVY = ("torch", "numpy", "pandas", "matplotlib", "skimage")

ASK = """
import sys
from analysis.commands.main import main
try:
    main(sys.argv[1:])
except SystemExit as end:
    print(end.code, *(name for name in {heavy} if name in sys.modules))
"""


def asked(*words: str) -> tuple[str, str]:
    """Return the exit status with the heavy modules that were loaded, and what was said on stderr."""
    found = subprocess.run(
        [sys.executable, "-c", ASK.format(heavy=HEAVY), *words], cwd=ROOT, capture_output=True, text=True, check=True
    )
    return found.stdout.splitlines()[-1], found.stderr


@pytest.mark.parametrize(
    "words",
    [[], *([name] for name in COMMANDS), *(["export", name] for name in VIEWS)],
    ids=lambda words: " ".join(words) or "all",
)
def test_help_comes_without_torch(words):
    assert asked(*words, "--help")[0] == "0"


@pytest.mark.parametrize(
    ("words", "message"),
    [
        ("", "the following arguments are required: COMMAND"),
        ("photo.jpg --out x", f"invalid choice: 'photo.jpg' (choose from {', '.join(map(repr, COMMANDS))})"),
        ("measure a.png", "the following arguments are required: --out"),
        ("measure a.png --out=", "argument --out: expected a value, got an empty one"),
        ("measure a.png --out x --random=", "argument --random: expected a value, got an empty one"),
        ("measure a.png --out x --weights=", "argument --weights: expected a value, got an empty one"),
        ("measure a.png --out x --part 3/2", "A part is written like 3/16"),
        ("measure a.png --out x --attentions foo", "invalid choice: 'foo' (choose from 'super', 'global'"),
        ("measure a.png --out x --metrics foo", "invalid choice: 'foo'"),
        ("measure a.png --out x --model demo --random stvit_demo", "not allowed with argument"),
        ("measure a.png --out x --size 1e3", "expected a whole number, got '1e3'"),
        ("export cost --out=", "argument --out: expected a value, got an empty one"),
        ("export groupings a.png --sample cat --out x.png", "not allowed with argument"),
        ("export groupings --out x.png", "one of the arguments PICTURE --sample is required"),
        ("export groupings --sample dog --out x.png", "invalid choice: 'dog' (choose from 'china', 'astronaut', 'cat'"),
        ("export steps --sample cat --row 1 --out x.png", "the following arguments are required: --column"),
        ("export what-if --sample cat --variant foo --out x.png", "invalid choice: 'foo'"),
        ("export nothing", "invalid choice: 'nothing'"),
    ],
)
def test_usage_errors_come_without_torch(words, message):
    status, said = asked(*words.split())
    assert status == "2"
    assert message in said
    assert len(said.strip().splitlines()[-1].split(": error: ")) == 2


def test_a_command_line_cannot_make_a_terminal_act(capsys):
    with pytest.raises(SystemExit):
        main(["measure", "a.png", "--out", "x", "--\x1b[31m\u202e"])
    said = capsys.readouterr().err
    assert "--\\x1b[31m\\u202e" in said
    assert "\x1b" not in said


# ---------------------------------------------------------------- names that also stand elsewhere


def test_samples_that_the_parser_knows_are_those_of_the_library():
    assert set(SAMPLES) == set(sample_images())


def test_regions_that_the_parser_knows_are_those_of_the_library():
    assert tuple(region.REGIONS) == choices.REGIONS
    assert (RegionChoice().region_height, RegionChoice().region_width) == (region.SIDE, region.SIDE)


@pytest.mark.parametrize("name", VIEWS)
def test_views_are_found_by_their_names(name):
    view = resolve_name(VIEWS[name])
    assert issubclass(view, View)
    assert view.name == name


# ---------------------------------------------------------------- options declared once


def test_an_option_in_no_place_but_its_field_is_in_the_parser_the_command_and_the_name_of_tables(model):
    @dataclasses.dataclass(frozen=True, kw_only=True)
    class Wider(MeasureSettings):
        window: int = option(7, help="tokens per window", parse=whole_number)

    parser = argparse.ArgumentParser()
    add_options(parser, Wider)
    assert read(Wider, parser.parse_args(["--window", "9"])) == Wider(window=9)
    assert Wider(window=9).words()[-2:] == ["--window", "9"]
    assert stored_under(model, Wider(window=9)) != stored_under(model, Wider(window=7))


@pytest.mark.parametrize("field", [entry.name for entry, _ in options_of(MeasureSettings)])
def test_tables_are_named_by_every_setting(model, field):
    other = {"size": 96, "framing": "whole", "attentions": ("local",), "metrics": ("mass",)}[field]
    assert stored_under(model, MeasureSettings(**{field: other})) != stored_under(model, MeasureSettings())


def test_the_order_in_which_names_are_given_changes_nothing(model):
    one, other = (MeasureSettings(attentions=names) for names in (("super", "global"), ("global", "super", "global")))
    assert one == other
    assert stored_under(model, one) == stored_under(model, other)


@pytest.mark.parametrize("name", VIEWS)
def test_a_printed_command_is_parsed_into_the_same_settings(name):
    view = resolve_name(VIEWS[name])
    options = list(options_of(view))
    first = {known.group: entry.name for entry, known in reversed(options)}
    values = {
        entry.name: Path("-a file") if known.parse is path else _other(known, entry.default)
        for entry, known in options
        if not known.group or first[known.group] == entry.name  # the others of a group exclude it
    }
    settings = view(**values)
    parsed = build_parser().parse_args(shlex.split(settings.command("x.png"))[3:])
    expected = {key: Path("./-a file") if value == Path("-a file") else value for key, value in values.items()}
    assert read(view, parsed) == view(**expected)


def _other(known, default):
    """Return a value that is not the default."""
    if isinstance(default, tuple):
        return tuple(known.choices[-2:]) or (known.parse("5"), known.parse("7"))
    if known.choices:
        return known.choices[-1]
    return True if default is False else known.parse("0.5" if isinstance(default, float) else "5")


def test_a_file_whose_name_looks_like_an_option_is_none():
    settings = Groupings(image=Path("-x.png"), weights=Path("-y.pth"))
    assert settings.words()[:3] == ["./-x.png", "--weights", "./-y.pth"]


def test_heads_and_blocks_are_counted_from_1_in_commands():
    assert HeadChoice(head=0).words() == ["--head", "1"]
    assert Groupings(image=Path("a.png"), stage=1, block=2).words()[-12:-8] == ["--stage", "2", "--block", "3"]


# ---------------------------------------------------------------- one file and one line


def test_a_command_is_one_module_and_one_line(monkeypatch, capsys):
    module = ModuleType("hello", "Say hello.")
    module.configure = lambda parser: parser.set_defaults(run=lambda parsed: print("Hello.") or 0)
    monkeypatch.setitem(sys.modules, "hello", module)
    monkeypatch.setitem(COMMANDS, "hello", "hello")
    assert main(["hello"]) == 0
    assert capsys.readouterr().out == "Hello.\n"
    assert "Say hello." in build_parser().format_help()


def test_a_view_is_one_class_and_one_line(monkeypatch, tmp_path):
    from matplotlib.figure import Figure

    from analysis.reports.report import Report

    @dataclasses.dataclass(frozen=True, kw_only=True)
    class Small(View):
        """A small view."""

        name = "small"
        top: int = option(4, help="largest value", parse=whole_number)

        def report(self) -> Report:
            import numpy as np
            import pandas as pd

            values = np.linspace(self.top, 1, 4)
            return Report(
                Figure,
                lambda: pd.DataFrame({"value": values}),
                lambda: {"value": values},
            )

    module = ModuleType("small_view")
    module.Small = Small
    monkeypatch.setitem(sys.modules, "small_view", module)
    monkeypatch.setitem(VIEWS, "small", "small_view:Small")
    assert Small(top=3).command("a.csv") == "python -m analysis export small --top 3 --out a.csv"
    assert main(["export", "small", "--top", "3", "--out", str(tmp_path / "a.csv")]) == 0
    assert (tmp_path / "a.csv").read_text().splitlines()[:2] == ["value", "3.0"]
    assert main(["export", "small", "--out", str(tmp_path / "a.pdf")]) == 0


@pytest.mark.parametrize("error", [MemoryError(), ZeroDivisionError("division by zero"), KeyError(101)])
def test_whatever_goes_wrong_is_one_sentence(monkeypatch, capsys, error):
    def fail(parsed):
        raise error

    module = ModuleType("failing", "Fail.")
    module.configure = lambda parser: parser.set_defaults(run=fail)
    monkeypatch.setitem(sys.modules, "failing", module)
    monkeypatch.setitem(COMMANDS, "failing", "failing")
    assert main(["failing"]) == 1
    said = capsys.readouterr().err.strip()
    assert len(said.splitlines()) == 1
    assert " " in said


def test_settings_without_options_are_no_words():
    assert Settings().words() == []
    assert ModelChoice().words() == []
