"""Own pictures: several at once, bad ones among them, the strip, and the way back to the samples."""

from dataclasses import dataclass

import pytest
from streamlit.testing.v1 import AppTest

from tests.support.app_support import check_fine, jpeg, opened_sidebar
from tests.support.bad_files import bad_files
from ui.sidebar.uploads import Verdict, classify_uploads, distinct

BAD = bad_files()


@dataclass
class File:
    """An uploaded file, as far as the app looks at it."""

    file_id: str
    name: str
    data: bytes

    def getvalue(self) -> bytes:
        return self.data


@pytest.fixture(autouse=True)
def _nobody(monkeypatch) -> None:
    """Let files be read outside a session, too."""
    monkeypatch.setattr("ui.view.store._session", object)


@pytest.fixture
def app() -> AppTest:
    return opened_sidebar()


def upload(app: AppTest, *files: tuple[str, bytes]) -> AppTest:
    return app.file_uploader("upload").set_value([(name, data, "image/jpeg") for name, data in files]).run()


FILES = [File("1", "tall.jpg", jpeg(300, 200)), File("2", "wide.jpg", jpeg(200, 300))]


def strip(app: AppTest):
    return app.get_by_key("own")


def shown(app: AppTest) -> str:
    """Return the name of the picture that the pages show, and its size."""
    source = app.session_state["view"].picture.source
    return f"{source.name} {source.height} x {source.width}"


def test_own_picture_takes_the_place_of_the_sample(app):
    app.segmented_control("framing").set_value("whole").run()
    check_fine(upload(app, ("own.jpg", jpeg())))
    assert app.session_state["view"].picture.shown.shape == (224, 352, 3)


def test_without_uploads_there_is_no_switch(app):
    keys = [element.proto.id for element in app.get("button_group")]
    assert any(key.endswith("-sample") for key in keys)
    assert not any(key.endswith(("-gallery", "-own")) for key in keys)


def test_several_pictures_are_switched_by_the_strip(app):
    check_fine(upload(app, ("tall.jpg", jpeg(300, 200)), ("wide.jpg", jpeg(200, 300))))
    assert strip(app).options == ["tall.jpg", "wide.jpg"]
    assert shown(app) == "tall.jpg 300 x 200"
    first, second = app.session_state["view"].picture.source, list(app.session_state["own_pictures"].verdicts)[1]
    check_fine(strip(app).set_value(second).run())
    assert shown(app) == "wide.jpg 200 x 300"
    assert app.session_state["view"].picture.source.sha256 != first.sha256


def test_the_samples_are_one_click_away_and_so_is_the_way_back(app):
    app.get_by_key("sample").set_value("coffee").run()
    upload(app, ("own.jpg", jpeg()))
    assert app.segmented_control("gallery").options == ["Samples", "Yours (1)"]
    check_fine(app.segmented_control("gallery").set_value("samples").run())
    assert app.session_state["view"].picture.source.name == "coffee"
    check_fine(app.segmented_control("gallery").set_value("own").run())
    assert shown(app) == "own.jpg 200 x 300"


def test_a_picture_that_comes_later_is_shown_at_once(app):
    upload(app, ("one.jpg", jpeg(300, 200)))
    app.segmented_control("gallery").set_value("samples").run()
    check_fine(upload(app, ("two.jpg", jpeg(200, 300))))
    assert app.segmented_control("gallery").value == "own"
    assert shown(app) == "two.jpg 200 x 300"


def test_each_button_has_the_thumbnail_of_its_picture(app):
    upload(app, ("tall.jpg", jpeg(300, 200)), ("wide.jpg", jpeg(200, 300)))
    (style,) = [html.proto.body for html in app.get("html") if ".st-key-own " in html.proto.body]
    one, two = (item.thumbnail for item in classify_uploads(FILES, {}).items.values())
    assert one != two
    assert f":nth-of-type(1)::before {{background-image: url({one})}}" in style
    assert f":nth-of-type(2)::before {{background-image: url({two})}}" in style


def test_equal_names_can_both_be_chosen(app):
    upload(app, ("cat.jpg", jpeg(300, 200)), ("cat.jpg", jpeg(200, 300)))
    assert strip(app).options == ["cat.jpg", "cat.jpg (2)"]
    seen = []
    for key in app.session_state["own_pictures"].verdicts:
        check_fine(strip(app).set_value(key).run())
        seen.append(shown(app))
    assert seen == ["cat.jpg 300 x 200", "cat.jpg 200 x 300"]


@pytest.mark.parametrize("name", BAD)
def test_a_bad_picture_becomes_one_sentence(app, name):
    upload(app, (name, BAD[name]))
    assert not app.exception
    (error,) = app.error
    assert error.value.startswith(rf"{name}\: ")
    assert error.value.endswith("It is left out; the sample stays in its place.")
    assert "Traceback" not in error.value
    assert app.session_state["view"].picture.source.name == "china"


def test_a_bad_picture_among_good_ones_is_left_out(app):
    upload(app, ("one.jpg", jpeg(300, 200)), ("page.jpg", BAD["page.jpg"]), ("two.jpg", jpeg(200, 300)))
    (error,) = app.error
    assert error.value.startswith(r"page.jpg\: This is not an image")
    assert error.value.endswith("the other pictures stay.")
    assert strip(app).options == ["one.jpg", "two.jpg"]
    assert shown(app) == "one.jpg 300 x 200"


def test_each_bad_picture_has_its_own_sentence(app):
    upload(app, *BAD.items())
    (error,) = app.error
    *lines, last = error.value.split("\n\n")
    (more,) = app.expander
    assert more.label == "8 more of them"
    lines += more.markdown[0].value.split("\n\n")
    assert [line.partition(r"\: ")[0] for line in lines] == list(BAD)[::-1]  # the newest first
    assert last == "These 10 files are left out; the sample stays in its place."


def test_what_was_refused_can_be_put_out_of_sight(app):
    upload(app, ("one.jpg", jpeg(300, 200)), *BAD.items())
    (hide,) = [button for button in app.button if button.label == "Hide"]
    check_fine(hide.click().run())
    assert not app.error
    assert shown(app) == "one.jpg 300 x 200"
    upload(app, ("one.jpg", jpeg(300, 200)), ("page.jpg", BAD["page.jpg"]))
    assert app.error[0].value.startswith(r"page.jpg\: ")  # given once more


def test_names_are_shown_as_they_are_written(app):
    upload(app, ("**bold** $x$ [a](b).png", b"no picture"))
    assert app.error[0].value.startswith(r"\*\*bold\*\* \$x\$ \[a\](b).png\: ")


def test_the_same_file_keeps_its_own_name_in_each_session(app):
    upload(app, ("mine.jpg", jpeg(120, 90)))
    other = upload(opened_sidebar(), ("theirs.jpg", jpeg(120, 90)))
    assert shown(app) == "mine.jpg 120 x 90"
    assert shown(other) == "theirs.jpg 120 x 90"
    assert other.session_state["view"].key != app.session_state["view"].key


def test_removing_the_picture_that_is_shown_falls_back():
    one, two = File("1", "one.jpg", jpeg(40, 50)), File("2", "two.jpg", jpeg(50, 40))
    both = classify_uploads([one, two], {})
    assert (list(both.items), both.newest) == (["1", "2"], "1")
    rest = classify_uploads([two], both.verdicts)
    assert (list(rest.items), rest.newest) == (["2"], None)
    assert rest.picture("2").read().height == 50
    assert not classify_uploads([], rest.verdicts).files


def test_removed_pictures_leave_the_app_on_what_is_there(app):
    upload(app, ("one.jpg", jpeg(300, 200)), ("two.jpg", jpeg(200, 300)))
    check_fine(strip(app).set_value(list(app.session_state["own_pictures"].verdicts)[1]).run())
    uploader = app.file_uploader("upload")
    check_fine(uploader.set_value(None).run())
    assert app.session_state["view"].picture.source.name == "china"


def test_only_new_files_are_read():
    file = File("1", "one.jpg", b"never looked at")
    own = classify_uploads([file], {"1": Verdict("data:")})
    assert (own.newest, own.problems) == (None, {})
    assert own.items == {"1": ("one.jpg", "data:")}


def test_distinct_names_stay_distinct_when_a_number_is_taken():
    assert distinct(["a", "a (2)", "a", "a"]) == ["a", "a (2)", "a (3)", "a (4)"]
