"""Runs and replays that take long: told in words, stopped by a person, and never hidden where they were not done."""

import re

import pytest

from analysis.changes import CHANGES
from stvit import BlockId
from stvit.variants import VARIANTS
from tests.support.app_support import answer_of, app_at, check_fine, go_to, opened, opened_sidebar, texts
from tests.support.browser_support import PATIENCE, served_app
from ui import keys
from ui.panels import changed_runs, rollouts, running, work
from ui.view.models import pretrained_model, random_model
from ui.view.runs import sample, view_of
from ui.view.store import Store

SMALL = {"sample": "Cat", "size": "64 px"}


def empty_store(monkeypatch) -> None:
    store = Store(2**30)
    for module in ("view.runs", "panels.running", "panels.work", "panels.rollouts", "panels.changed_runs"):
        monkeypatch.setattr(f"ui.{module}.STORE", store)


@pytest.fixture(autouse=True)
def nothing_kept(monkeypatch):
    """Begin with an empty store, and let small pictures be chosen."""
    monkeypatch.setattr("ui.view.runs.this_session", lambda: 0)
    empty_store(monkeypatch)
    monkeypatch.setattr("ui.sidebar.choose.SIZES", (64,))


@pytest.fixture
def told(monkeypatch) -> list[tuple[float, str]]:
    """Let every run last long enough for a bar, and collect how it moves."""
    found, drawn = [], work._bar

    def bar(*arguments):
        show = drawn(*arguments)

        def collect(done, total, words=""):
            found.append((done / total, words))
            show(done, total, words)

        return collect

    monkeypatch.setattr(work, "_bar", bar)
    monkeypatch.setattr(work, "SOON", 0.0)
    monkeypatch.setattr(running, "PERIOD", 0.0)
    return found


def badges(app) -> list[str]:
    return re.findall(r"Replay-verified|Not verified yet|Replay failed", texts(app))


def test_a_quick_run_is_verified_at_once_without_a_bar(told, monkeypatch):
    monkeypatch.setattr(work, "SOON", float("inf"))
    app = opened_sidebar(**SMALL)
    check_fine(app)
    assert badges(app) == ["Replay-verified"]
    assert not told


def test_a_long_run_is_told_block_by_block_and_the_bar_goes_away(told):
    app = opened_sidebar(**SMALL)
    check_fine(app)
    names = [f"Running the model: {block.caption}" for block in app.session_state["view"].capture]
    assert list(dict.fromkeys(words for _, words in told)) == ["Running the model ...", *names]
    shares = [share for share, _ in told]
    assert shares == sorted(shares)
    assert shares[0] == 0
    assert shares[-1] > 0.8
    assert not [button for button in app.button if button.label == "Cancel"]


def test_a_long_replay_waits_until_it_is_asked_for_and_says_so(told, monkeypatch):
    monkeypatch.setattr(running, "MAC_SECONDS", 1e-3)
    app = opened_sidebar(**SMALL)
    check_fine(app)
    assert badges(app) == ["Not verified yet"]
    told.clear()
    (button,) = [each for each in app.button if each.label.startswith("Replay every block (about ")]
    check_fine(button.click().run())
    assert badges(app) == ["Replay-verified"]
    names = [f"Replaying: {block.caption}" for block in app.session_state["view"].capture]
    assert [words for words in dict.fromkeys(words for _, words in told) if words in names] == names
    assert badges(app.run()) == ["Replay-verified"]


def test_a_run_that_was_cancelled_is_not_begun_again_until_somebody_asks(monkeypatch):
    app = opened("steps", **SMALL, stage="2", block="1")
    check_fine(app)
    empty_store(monkeypatch)
    app.session_state[keys.CANCELLED] = view_of(sample("cat"), pretrained_model("demo"), 64, "crop").key
    app.run()
    check_fine(app)
    assert "You cancelled the run at 64 px of STViT demo" in texts(app)
    assert not badges(app)
    (again,) = [button for button in app.button if button.label == "Run it again"]
    check_fine(again.click().run())
    assert "cancelled" not in texts(app)
    assert badges(app) == ["Replay-verified"]
    assert (app.session_state[keys.STAGE], app.session_state[keys.BLOCK]) == (1, 0)


def test_the_longest_replays_are_those_of_global_attention():
    def seconds(name: str) -> float:
        return running.replay_seconds(view_of(sample("cat"), random_model(name), 224, "crop"))

    assert seconds("twin_global") > 3 * seconds("twin_window")
    assert seconds("twin_global") > 3 * seconds("twin_super")


def test_a_second_model_that_was_cancelled_is_said_on_the_page_beside_a_first_that_stays():
    app = app_at(**SMALL)
    app.session_state[keys.CANCELLED] = view_of(sample("cat"), pretrained_model("twin-global"), 64, "crop").key
    check_fine(go_to(app, "compare"))
    assert "You cancelled the run at 64 px of Twin global" in texts(app)
    assert badges(app) == ["Replay-verified"]
    (again,) = [button for button in app.button if button.label == "Run it again"]
    check_fine(again.click().run())
    assert "cancelled" not in texts(app)


def test_a_second_model_that_was_cancelled_is_said_above_the_charts_of_the_first(monkeypatch):
    monkeypatch.setattr("ui.panels.sides.PIXELS_AT_ONCE", 0)
    app = app_at(**SMALL)
    app.session_state[keys.CANCELLED] = view_of(sample("cat"), pretrained_model("twin-global"), 64, "crop").key
    check_fine(go_to(app, "compare"))
    said = [str(each.value) for each in app.main if each.type in ("info", "markdown")]
    (cancelled,) = [place for place, words in enumerate(said) if "You cancelled the run" in words]
    assert cancelled < said.index("#### Predictions")


def test_a_changed_run_that_was_cancelled_leaves_the_choice_of_changes():
    app = app_at(**SMALL)
    view = view_of(sample("cat"), pretrained_model("demo"), 64, "crop")
    app.session_state[keys.CANCELLED] = changed_runs._key(view, next(iter(CHANGES)), None, None, BlockId(0, 0))
    check_fine(go_to(app, "what-if"))
    assert "You cancelled the changed run at 64 px of STViT demo" in texts(app)
    assert app.selectbox(keys.CHANGE)
    (again,) = [button for button in app.button if button.label == "Run it again"]
    check_fine(again.click().run())
    assert "KL divergence of the prediction" in [metric.label for metric in app.metric]


def test_rollouts_that_take_long_are_asked_for_and_told_from_the_deepest_block_on(told, monkeypatch):
    monkeypatch.setattr(rollouts, "MAC_SECONDS", 1e-3)
    monkeypatch.setattr(rollouts, "MAC_SECONDS_WEIGHED", 1e-3)
    app = opened("rollout", **SMALL)
    check_fine(app)
    assert not app.get("plotly_chart")
    labels = [button.label for button in app.button if button.label.endswith("min)")]
    assert [re.sub(" by .* [(]", " by a class (", label).partition(" (")[0] for label in labels] == [
        "Weigh by a class",
        "Roll the attention out",
    ]
    told.clear()
    check_fine(next(button for button in app.button if button.label.startswith("Roll the")).click().run())
    assert app.get("plotly_chart")
    assert "as far as attention tells" in answer_of(app)
    blocks = reversed(list(view_of(sample("cat"), pretrained_model("demo"), 64, "crop").capture))
    names = [f"Rolling the attention out: {block.caption}" for block in blocks]
    assert [words for words in dict.fromkeys(words for _, words in told) if words in names] == names


@pytest.mark.browser
@pytest.mark.filterwarnings("ignore::ResourceWarning")
def test_cancel_stops_a_run_between_two_blocks(browser, tmp_path):
    log = tmp_path / "blocks.txt"
    log.write_text("0")
    with served_app(tmp_path / "log.txt", "tests/support/scripts/slow_run.py") as address:
        page = browser.new_page()
        page.set_default_timeout(PATIENCE)
        page.goto(f"{address}/?log={log}")
        page.get_by_role("button", name="Cancel").click()
        page.get_by_text("You cancelled the run at 64 px").wait_for()
        stopped, blocks = int(log.read_text()), sum(VARIANTS["stvit_demo"].config.depths)
        assert 0 < stopped < blocks
        page.get_by_role("button", name="Run it again").click()
        page.get_by_text("It ran to its end.").wait_for()
        in_hand = 1  # the sleep that was going on when the button was pressed
        assert stopped + blocks <= int(log.read_text()) <= stopped + in_hand + blocks
        page.close()
