"""The tray: what can be pinned, its limits, what survives, and the page that is saved."""

import base64
import json
import re
from html.parser import HTMLParser
from io import BytesIO

import numpy as np
import plotly.graph_objects as go
import pytest
from PIL import Image
from streamlit.testing.v1 import AppTest

from tests.support.app_support import check_fine, go_to, opened, texts
from ui.tray import pins as tray
from ui.tray.as_page import as_page
from ui.tray.pins import Pin, TrayFullError, added, moved, without


def pin(title: str = "A", **fields: str) -> Pin:
    return Pin(title, "demo · cat", "Steps", "http://here/steps?step=2", **fields)


def three() -> tuple[Pin, ...]:
    found: tuple[Pin, ...] = ()
    for title in "abc":
        found = added(found, pin(title))
    return found


def titles(found) -> str:
    return "".join(each.title for each in found)


@pytest.mark.parametrize(
    ("number", "by", "order"), [(1, 1, "bac"), (1, -1, "abc"), (3, -1, "acb"), (3, 1, "abc"), (2, 5, "acb")]
)
def test_a_pin_moves_and_the_others_keep_their_order(number, by, order):
    assert titles(moved(three(), number, by)) == order


def test_numbers_stay_unique_after_a_removal():
    found = added(without(three(), 1), pin("d"))
    assert titles(found) == "bcd"
    assert len({each.number for each in found}) == 3


def test_a_full_tray_says_so():
    found: tuple[Pin, ...] = ()
    for _ in range(tray.MOST_PINS):
        found = added(found, pin())
    with pytest.raises(TrayFullError, match=r"holds 24 snapshots, which is all it can; remove one"):
        added(found, pin())
    with pytest.raises(TrayFullError, match=r"would hold 16\.0 of at most 16 MiB; remove another"):
        added(three(), pin(picture="x" * tray.MOST_BYTES))


def test_a_pin_counts_all_its_bytes():
    assert pin(words="é").nbytes == len("Ademo · catStepshttp://here/steps?step=2".encode()) + 2


class Outline(HTMLParser):
    """What a page is made of: scripts by type, tags, and addresses that a browser would fetch."""

    def __init__(self, page: str) -> None:
        super().__init__()
        self.fetched: list[str] = []
        self.scripts: list[str] = []
        self.tags: list[str] = []
        self.feed(page)

    def handle_starttag(self, tag, attributes):
        self.tags.append(tag)
        self.fetched += [value for name, value in attributes if name in ("src", "href") and tag != "a" and value]
        if tag == "script":
            self.scripts.append(dict(attributes).get("type") or "")


def test_the_saved_page_holds_all_and_fetches_nothing():
    figure = go.Figure().add_heatmap(z=np.arange(6.0).reshape(2, 3))
    figure.update_layout(title="</script><script>alert(1)</script>")
    hostile = '<img src="http://evil/x.png">"'
    pins = (pin("chart", figure=figure.to_json()), pin("photo", picture="data:image/png;base64,AA=="),
            pin(hostile, words=hostile))  # fmt: skip
    page = as_page(pins)
    outline = Outline(page)
    assert outline.fetched == ["data:image/png;base64,AA=="]
    assert outline.scripts == ["", "application/json", ""]  # Plotly once, the figure, what draws it
    assert outline.tags.count("figure") == 3
    assert page.index("chart</h2>") < page.index("photo</h2>") < page.index("&lt;img")
    told = re.search(r'application/json">(.*?)</script>', page)[1]
    assert json.loads(told)["layout"]["title"]["text"] == "</script><script>alert(1)</script>"
    assert json.loads(told)["data"] == json.loads(figure.to_json())["data"]
    assert 'href="http://here/steps?step=2"' in page


def test_only_an_answer_that_is_there_can_be_pinned():
    app = opened("redundancy", sample="Cat", size="64 px")
    assert "pin_answer" in [each.key for each in app.button]
    app.session_state["attentions"] = []
    app.run()
    check_fine(app)
    assert "pin_answer" not in [each.key for each in app.button]


def test_words_alone_need_no_plotly():
    assert len(as_page((pin(words="Yes."),))) < 5000


@pytest.fixture
def app() -> AppTest:
    return opened("steps", step="3", row="0", column="0", head="2")


def pinned(app: AppTest) -> tuple[Pin, ...]:
    found: tuple[Pin, ...] = app.session_state["pins"]
    return found


def test_a_chart_is_pinned_as_it_is(app):
    drawn = json.loads(app.get("plotly_chart")[1].proto.spec)
    check_fine(app.button("pin_step_3").click().run())
    (kept,) = pinned(app)
    assert kept.title == "3. Softmax"
    assert kept.caption.startswith(
        "STViT demo, trained at 224 px · china · 224 × 224 px · stage 1, block 1 · head 2 of 2"
    )
    assert kept.page == "Steps"
    assert {"step=3", "row=0", "column=0", "head=2"} <= set(kept.address.partition("?")[2].split("&"))
    assert json.loads(kept.figure)["data"][0]["text"] == drawn["data"][0]["text"]
    assert "Pinned: 1 of 24" in app.toast[0].value


def test_an_answer_and_a_whole_figure_are_pinned(app):
    app.button("pin_answer").click().run()
    check_fine(app.button("pin_export").click().run())
    words, figure = pinned(app)
    assert words.words.startswith("It belongs most to super token")
    assert figure.picture.startswith("data:image/png;base64,")


def test_live_maps_are_pinned_as_they_are_shown():
    asked = {"mode": "Live", "stage": "2", "row": "3", "column": "6", "head": "2", "zoom": "2"}
    app = opened("explore", **asked, direction="incoming", scale="log")
    app.session_state["explorer"] = {"pinned": True}  # what the button in the browser triggers
    check_fine(app.run())
    (kept,) = pinned(app)
    assert kept.title == "Maps of the pinned token"
    assert kept.caption.startswith("STViT demo, trained at 224 px · china · 224 × 224 px · stage 2, block 1 · incoming")
    assert kept.caption.endswith("head 2 of 4 · the pinned token at (3, 6) · scale log · zoomed 2×")
    assert {"stage=2", "row=3", "column=6", "scale=log", "zoom=2"} <= set(kept.address.partition("?")[2].split("&"))
    height, width, _ = np.asarray(Image.open(BytesIO(base64.b64decode(kept.picture.partition(",")[2])))).shape
    assert min(height, width) > 1000
    assert kept.nbytes < 2**20


def test_an_answer_is_pinned_once_it_is_whole():
    def script():
        from ui.panels.answer import asked
        from ui.tray import pinning

        pinning.begin("A page", "cost", "about")
        answer = asked("Why?")
        answer.say("Because.", whole=False)
        answer.say("Because it is so.")

    app = AppTest.from_function(script).run()
    check_fine(app.button("pin_answer").click().run())
    assert [kept.words for kept in pinned(app)] == ["Because it is so."]
    assert "Because it is so." in texts(app)


def test_pins_survive_other_pages_and_are_shown_moved_and_removed(app):
    app.button("pin_step_3").click().run()
    app.button("step_next").click().run()
    app.button("pin_step_4").click().run()
    go_to(app, "cost")
    check_fine(go_to(app, "snapshots"))
    assert "The tray holds 2 snapshots of at most 24" in texts(app)
    drawn = [json.loads(chart.proto.spec)["data"] for chart in app.get("plotly_chart")]
    assert drawn == [json.loads(kept.figure)["data"] for kept in pinned(app)]
    assert not [button for button in app.button if button.key.startswith("pin_")]
    app.button("snapshot_later_1").click().run()
    assert [kept.number for kept in pinned(app)] == [2, 1]
    app.button("snapshot_remove_2").click().run()
    assert [kept.title for kept in pinned(app)] == ["3. Softmax"]
    app.button("snapshots_clear").click().run()
    assert "The tray is empty." in texts(app)
    assert "Press Pin" in app.info[0].value


def test_a_full_tray_is_a_sentence_where_it_was_pressed(app, monkeypatch):
    monkeypatch.setattr(tray, "MOST_PINS", 1)
    app.button("pin_step_3").click().run()
    check_fine(app.button("pin_answer").click().run())
    assert "remove one on Snapshots first" in app.warning[0].value
    assert len(pinned(app)) == 1


@pytest.mark.parametrize(
    ("page", "chart", "caption"),
    [
        ("redundancy", "depth_head_cosine", "china · 224 × 224 px · means over all tokens"),
        ("redundancy", "token_map", "china · 224 × 224 px"),
        ("rollout", "rollout_pixels_0", "china · 224 × 224 px · from the prediction"),
        ("what-if", "change", "china · 224 × 224 px · the association is changed in every block"),
        ("cost", "cost_curves", "STViT demo, trained at 224 px · one attention block of stage 1"),
        ("dataset", "dataset_bands", "The reference that ships"),
        ("explore", "picture", "stage 1, block 1"),
        ("dataset", "answer", "The reference that ships"),
        ("rollout", "answer", "china · 224 × 224 px · from the prediction"),
        ("steps", "answer", "china · 224 × 224 px · stage 1, block 1 · mean over heads · token (22, 11)"),
    ],
)
def test_pins_of_every_page_say_what_they_show(page, chart, caption):
    app = opened(page)
    check_fine(app.button(f"pin_{chart}").click().run())
    (kept,) = pinned(app)
    assert caption in kept.caption
    assert kept.title
    assert kept.words if chart == "answer" else json.loads(kept.figure)["data"]
