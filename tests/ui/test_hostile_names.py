"""Names of files, models and classes are words on every page, never Markdown, HTML, maths or orders to a terminal."""

import re
import unicodedata
from collections.abc import Iterator
from dataclasses import replace

import pytest
from google.protobuf.message import Message
from streamlit.testing.v1 import AppTest

from analysis.counterfactual import outcome_of
from stvit import STViT
from stvit.foreign_text import plain
from tests.support.app_support import app_at, go_to, jpeg, opened
from tests.support.hostile_names import HOSTILE_WORDS
from ui.failures import said
from ui.markdown import escaped
from ui.pages.registry import PAGES
from ui.view.models import pretrained_model

pytestmark = pytest.mark.slow

MARKS = frozenset("\\`*_[]<>$~|:#!&@")
NOT_MARKDOWN = {"code_text", "options", "columns"}
"""Fields of Streamlit's messages that are shown as they are: code, options of a select box, headers of a table."""

PER_RUN = 3
"""Names in one run of the app: picture, model and classes; the sidebar shows three classes."""

HARMLESS = {"\n", "\u2060", "\u200c", "\u200d"}
"""Line breaks of our own, the word joiner that breaks addresses, and what some scripts and emoji are spelled with."""


def texts_of(message: Message) -> Iterator[tuple[str, str]]:
    """Return the name and the value of every text in a message of Streamlit."""
    for field, value in message.ListFields():
        for item in value if field.is_repeated else [value]:
            if isinstance(item, Message):
                yield from texts_of(item)
            elif isinstance(item, str):
                yield field.name, item


def everything(app: AppTest) -> list[tuple[str, str]]:
    """Return all texts of a page and its sidebar."""
    nodes = [*app.main, *app.sidebar]
    return [text for node in nodes if getattr(node, "proto", None) is not None for text in texts_of(node.proto)]


@pytest.fixture
def names(monkeypatch, request) -> list[str]:
    """Give model and classes some of the names."""
    names = [HOSTILE_WORDS[word] for word in request.param]
    handle = pretrained_model("demo")
    model = STViT(handle.model.config).eval()
    model.load_state_dict(handle.model.state_dict())
    model.class_names = (names * model.config.num_classes)[: model.config.num_classes]
    title, digest = plain(names[0]), f"hostile {request.param_index}"
    hostile = replace(handle, network=model, title=title, notes=tuple(names), digest=digest)
    monkeypatch.setattr("ui.sidebar.choose.pretrained_model", lambda _: hostile)
    return names


def acts(character: str) -> bool:
    return unicodedata.category(character) in {"Cc", "Cf", "Cs"} and character not in HARMLESS


@pytest.mark.parametrize(
    "names",
    [list(HOSTILE_WORDS)[start : start + PER_RUN] for start in range(0, len(HOSTILE_WORDS), PER_RUN)],
    indirect=True,
)
def test_names_are_words_on_every_page(names):
    app = app_at()
    app.session_state["attentions"] = ["super"]
    app.run()
    files = [name.encode("utf-8", "replace").decode() for name in names]  # browsers send no halves of surrogate pairs
    app.file_uploader("upload").set_value([(f"{name}.png", jpeg(64, 64), "image/jpeg") for name in files]).run()
    for page in PAGES:
        go_to(app, page.address)
        assert not app.exception
        assert not app.error, [error.value for error in app.error]
        shown = everything(app)
        for name in names:
            check_words(name, shown)


def check_words(name: str, shown: list[tuple[str, str]]) -> None:
    assert any(escaped(name) in text for _, text in shown), "the name is shown"
    for field, text in shown:
        assert not any(map(acts, text)), (field, text)
        assert field in NOT_MARKDOWN or not MARKS & set(name) or name not in text, (field, text)


def test_a_changed_prediction_names_classes_as_words(hostile_change):
    values = [metric.value for metric in hostile_change.metric]
    assert any(escaped(HOSTILE_WORDS["foreign image"]) in value for value in values), values


@pytest.fixture
def hostile_change(monkeypatch) -> AppTest:
    """Open What if where the change moves the prediction to another class."""
    handle = pretrained_model("demo")
    model = type(handle.model)(handle.model.config).eval()
    model.load_state_dict(handle.model.state_dict())
    model.class_names = [HOSTILE_WORDS["foreign image"]] * 10
    other = replace(handle, network=model, digest="hostile classes")
    monkeypatch.setattr("ui.sidebar.choose.pretrained_model", lambda _: other)

    def moved(*arguments, **options):
        found = outcome_of(*arguments, **options)
        return replace(found, difference=replace(found.difference, same_class=False))

    monkeypatch.setattr("ui.panels.changed_runs.outcome_of", moved)
    return opened("what-if")


def test_an_error_quotes_names_as_words():
    for name in HOSTILE_WORDS.values():
        words = said(ValueError(f"There is no {name!s} here."), name)
        assert not any(map(acts, words))
        assert not re.search(r"(?<!\\)[<\[*$`]", words)
