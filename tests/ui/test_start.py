"""The start page, the tour and the glossary."""

import ast
import html
import re

import pytest
from streamlit.testing.v1 import AppTest

from tests.support.app_support import check_fine, go_to, opened, texts
from tests.support.paths import ROOT
from ui.glossary import TERMS, marked
from ui.pages.registry import ANSWERING, PAGES
from ui.tour import STOPS


@pytest.fixture
def app() -> AppTest:
    return opened("start")


def test_the_start_page_shows_the_network_with_the_chosen_picture(app):
    check_fine(app)
    said = texts(app)
    cards = re.findall(r"<figcaption><strong>(.*?)</strong>", said)
    assert cards == ["Picture", "Stem", "Stage 1", "Stage 2", "Stage 3", "Stage 4",
                     "Tokens", "Q", "Super tokens", "A(S)", "Back to tokens"]  # fmt: skip
    assert "49 × 49 weights, not 3,136 × 3,136" in said
    before = re.findall(r'src="(data:image/webp[^"]+)"', said)
    assert len(before) == len(cards)
    after = re.findall(r'src="(data:image/webp[^"]+)"', texts(app.get_by_key("sample").set_value("cat").run()))
    assert all(one != other for one, other in zip(before, after, strict=True))


def test_the_start_page_asks_what_the_pages_answer(app):
    said = texts(app)
    assert all(page.question in said for page in ANSWERING)
    labels = [link.proto.label for link in app.get("page_link")]
    assert [page.title for page in ANSWERING] == labels[1:]


@pytest.mark.parametrize(
    ("variant", "mixing"),
    [
        ("twin_global", "global attention"),
        ("twin_window", "attention in windows of 7 × 7"),
        ("twin_conv", "convolution"),
    ],
)
def test_the_start_page_draws_models_without_super_tokens(variant, mixing):
    app = opened("start", variant=variant, weights=variant.replace("_", "-"))
    check_fine(app)
    said = texts(app)
    assert "Inside" not in said
    assert "<strong>Stem</strong>56 × 56 tokens" in said
    assert f"<strong>Stage 1</strong>2 blocks, {mixing}, 56 × 56 tokens" in said
    assert "<strong>Stage 3</strong>4 blocks, global attention, 14 × 14 tokens" in said


def test_the_start_page_gives_the_size_of_a_picture_in_one_order():
    said = texts(opened("start", framing="Whole picture"))
    assert "<strong>Picture</strong>320 × 224 px" in said
    assert "· 320 × 224 px ·" in said


def test_the_tour_stops_at_pages_that_exist():
    addresses = [page.address for page in PAGES]
    assert all(stop.page in addresses for stop in STOPS)
    assert {stop.page for stop in STOPS} >= {
        "explore",
        "steps",
        "super-tokens",
        "redundancy",
        "rollout",
        "what-if",
        "cost",
    }


def test_a_link_opens_a_stop_of_the_tour_and_a_press_ends_it():
    app = opened("super-tokens", tour="3")
    check_fine(app)
    assert f"3 of {len(STOPS)}: {STOPS[2].title}** " in texts(app)  # a question takes no full stop
    check_fine(app.button("tour_end").click().run())
    assert STOPS[2].title not in texts(app)
    assert "tour" not in app.query_params


@pytest.mark.parametrize("asked", ["0", "99", "x", "²"])
def test_a_stop_that_does_not_exist_opens_no_tour(asked):
    app = opened("cost", tour=asked)
    check_fine(app)
    assert not [button for button in app.button if button.key == "tour_end"]


def test_the_tour_waits_while_another_page_is_open():
    app = go_to(opened("super-tokens", tour="3"), "cost")
    check_fine(app)
    assert f"The tour waits at stop 3 of {len(STOPS)}" in texts(app)


def test_every_page_has_the_glossary(app):
    for page in ("start", "cost"):
        said = "".join(each.proto.body for each in go_to(app, page).get("html"))
        assert all(f">{word}</span>" in said for word in TERMS)


def test_terms_in_an_answer_and_a_caption_show_their_meaning():
    answer, caption = (
        next(
            each.proto.body
            for each in opened("explore").get("html")
            if each.proto.body.startswith(f'<p class="{name}">')
        )
        for name in ("answer", "caption")
    )
    for said, word in ((answer, "super token attention"), (caption, "super token")):
        assert f'data-means="{html.escape(TERMS[word])}"' in said
    assert said.count('class="term"') >= 2


def test_only_whole_words_are_marked_and_each_once():
    said = marked("Phantoms, a phantom & <b>tokenised</b> entropy")
    assert said.count('class="term"') == 2
    assert ">Phantoms</span>, a phantom & <b>tokenised</b> <span" in html.unescape(said)
    assert "<b>" not in said
    assert marked("super token attention").count("<span") == 1  # the longest term wins


def test_no_caption_of_streamlit_holds_a_term():
    """Streamlit's captions show no meanings; `note` and `caption` of ui/panels/panel.py do."""
    calls = [
        call
        for path in sorted((ROOT / "ui").rglob("*.py"))
        for call in ast.walk(ast.parse(path.read_text(encoding="utf-8")))
        if isinstance(call, ast.Call) and ast.unparse(call.func) == "st.caption"
    ]
    assert len(calls) > 10
    said = [part.value for call in calls for part in ast.walk(call.args[0]) if isinstance(part, ast.Constant)]
    without_links = [re.sub(r"\[[^]]*\]?", "", part) for part in said if isinstance(part, str)]
    assert [each for each in without_links if 'class="term"' in marked(each)] == []
