import errno
import os

import pytest

from stvit.error_text import about, counted, listed, sentence


@pytest.mark.parametrize(
    ("error", "expected"),
    [
        (ValueError("A cell needs a number."), "A cell needs a number."),
        (KeyError("There is no model 'a'."), "There is no model 'a'."),
        (KeyError(101), "KeyError: 101."),
        (RuntimeError(), "RuntimeError: no reason was given."),
        (MemoryError(), "There is not enough memory for this."),
        (OSError(errno.ENOENT, os.strerror(errno.ENOENT), "a.png"), "a.png cannot be used: No such file or directory."),
        (OSError(errno.ENOENT, os.strerror(errno.ENOENT), b"a\xff"), "a\\udcff cannot be used: No such file or "),
        (OSError(28, "The disk is full."), "The disk is full."),
        (RuntimeError("Sizes differ.\n\tFirst 3\n\tthen 4"), "Sizes differ. First 3 then 4"),
        (ValueError("bad \x1b[31m name"), "bad \\x1b[31m name"),
    ],
)
def test_an_error_is_one_sentence(error: Exception, expected: str) -> None:
    assert sentence(error).startswith(expected)
    assert "\n" not in sentence(error)


def test_a_message_of_a_megabyte_is_shortened() -> None:
    assert len(sentence(ValueError("key " * 300_000))) == 2000


def test_a_name_is_said_once() -> None:
    assert about("a.png", ValueError("'a.png' is empty.")) == "'a.png' is empty."
    assert about("a.png", ValueError("The file is empty.")) == "a.png: The file is empty."
    assert about("a\x1b.png", ValueError("It is empty.")) == "a\\x1b.png: It is empty."


def test_numbers_agree_with_their_nouns() -> None:
    assert counted(1, "pixel") == "1 pixel"
    assert counted(0, "pixel") == "0 pixels"
    assert counted(1200, "class", "classes") == "1,200 classes"
    assert counted(1, "class", "classes") == "1 class"


def test_lists_are_shortened_in_both_ways() -> None:
    assert listed("abc") == "a, b, c"
    assert listed(range(2000), shown=2) == "0, 1 and 1,998 more"
    assert len(listed(["k" * 1_000_000] * 3)) == 3 * 80 + 2 * len(", ")
