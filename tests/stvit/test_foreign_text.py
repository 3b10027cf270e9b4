import unicodedata

import pytest
from hypothesis import given
from hypothesis import strategies as st

from stvit.foreign_text import plain, quoted

ANY_TEXT = st.text(st.characters(), max_size=200)  # with lone surrogates


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("tench, Tinca tinca", "tench, Tinca tinca"),
        ("Größe 5 ± 1.png", "Größe 5 ± 1.png"),
        ("金魚 .jpg", "金魚 .jpg"),
        ("\u0645\u06cc\u200c\u062e\u0648\u0627\u0647\u0645", "\u0645\u06cc\u200c\u062e\u0648\u0627\u0647\u0645"),
        ("\x1b[2J\x1b]0;title\x07", "\\x1b[2J\\x1b]0;title\\x07"),
        ("\x9b31m", "\\x9b31m"),
        ("a\nb\r\tc\u2028d\x85", "a\\nb\\r\\tc\\u2028d\\x85"),
        ("\u202egnp.exe\u2066", "\\u202egnp.exe\\u2066"),
        ("\udc80\ud83d", "\\udc80\\ud83d"),
        ("\x00\x7f\ufffe\ufeff\U000e0041", "\\x00\\x7f\\ufffe\\ufeff\\U000e0041"),
        (3, "3"),
    ],
)
def test_what_acts_becomes_visible(text: object, expected: str) -> None:
    assert plain(text) == expected
    assert quoted(text) == f"'{expected}'"


@given(ANY_TEXT, st.integers(8, 60))
def test_any_text_becomes_harmless(text: str, limit: int) -> None:
    safe = plain(text, limit)
    assert len(safe) <= limit
    safe.encode()
    assert len(safe.splitlines()) <= 1
    assert not {unicodedata.category(character) for character in safe if character not in "\u200c\u200d"} & {
        *("Cc", "Cf", "Cs", "Zl", "Zp")
    }
    assert plain(safe, limit) == safe


def test_long_words_keep_both_ends() -> None:
    assert plain("x" * 1_000_000 + ".safetensors", 40) == "x" * 25 + "…xx.safetensors"
    assert len(plain("\x1b" * 1_000_000)) == 80
