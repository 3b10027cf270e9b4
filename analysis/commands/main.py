"""python -m analysis COMMAND: measure pictures, or write what a page of the app shows to a file."""

import argparse
import sys
from collections.abc import Sequence
from importlib import import_module
from pkgutil import resolve_name
from typing import NoReturn

from analysis.commands import interrupts
from analysis.commands.registry import COMMANDS


class Parser(argparse.ArgumentParser):
    """A parser whose messages are safe to print whatever was typed."""

    def error(self, message: str) -> NoReturn:
        """Print usage and message, and exit with status 2."""
        super().error("".join(map(_visible, message)))


def main(arguments: Sequence[str] | None = None) -> int:
    """Run a command and return its exit status; whatever goes wrong is one sentence on stderr."""
    parsed = build_parser().parse_args(arguments)
    run = resolve_name(parsed.run) if isinstance(parsed.run, str) else parsed.run
    from stvit.error_text import sentence  # here: it comes with torch, which help and usage errors do without

    try:
        with interrupts.as_exceptions():
            status: int = run(parsed)
            return status
    except KeyboardInterrupt:
        print(interrupts.SENTENCE, file=sys.stderr)
        return interrupts.STATUS
    except Exception as error:  # Pictures, weights and disks fail in more ways than anybody can list.
        print(sentence(error), file=sys.stderr)
        return 1


def build_parser() -> argparse.ArgumentParser:
    """Return the parser of all commands."""
    parser = Parser(prog="python -m analysis", description=__doc__)
    commands = parser.add_subparsers(title="commands", required=True, metavar="COMMAND")
    for name, module in COMMANDS.items():
        found = import_module(module)
        said = str(found.__doc__)
        command = commands.add_parser(
            name,
            help=said.partition("\n")[0],
            description=said,
            formatter_class=argparse.RawDescriptionHelpFormatter,
        )
        found.configure(command)
    return parser


def _visible(character: str) -> str:
    return character if character.isprintable() else ascii(character)[1:-1]
