"""python -m analysis COMMAND: measure pictures, or write what a page of the app shows to a file."""

import argparse
import sys
from collections.abc import Sequence
from importlib import import_module
from typing import NoReturn

from analysis.commands import interrupts
from analysis.commands.registry import COMMANDS

INTERRUPTED = 130
"""Exit status after Ctrl-C, as shells count: 128 + SIGINT."""


class Parser(argparse.ArgumentParser):
    """A parser whose messages are safe to print whatever was typed."""

    def error(self, message: str) -> NoReturn:
        """Print usage and message, and exit with status 2."""
        super().error("".join(map(_visible, message)))


def main(arguments: Sequence[str] | None = None) -> int:
    """Run a command and return its exit status; whatever goes wrong is one sentence on stderr."""
    try:
        parsed = build_parser().parse_args(arguments)
        with interrupts.as_exceptions():
            status: int = parsed.run(parsed)
            return status
    except KeyboardInterrupt:
        print(interrupts.SENTENCE, file=sys.stderr)
        return INTERRUPTED
    except Exception as error:  # Pictures, weights and disks fail in more ways than anybody can list.
        from stvit.error_text import sentence  # here: it comes with torch, which help and usage errors do without

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
