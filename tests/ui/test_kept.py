"""Uploads that outlive a reload, for their tab alone and for a while; links that ask for somebody's own picture."""

from hashlib import sha256

from tests.support.app_support import check_fine, jpeg, opened, texts
from ui.browser.kept import KeptByTab
from ui.sidebar.kept import KeptUpload, digest_of


def upload(name: str, size: int = 10) -> KeptUpload:
    return KeptUpload(name, f"{name}.jpg", bytes(size))


def tabs(limit: int = 1000, **settings) -> KeptByTab[KeptUpload]:
    return KeptByTab(lambda file: len(file.data), limit, **settings)


def test_each_tab_has_its_own_pictures() -> None:
    kept = tabs()
    kept.keep("one", [upload("a"), upload("b")])
    kept.keep("two", [upload("c")])
    assert [file.name for file in kept.of("one")] == ["a.jpg", "b.jpg"]
    assert [file.name for file in kept.of("two")] == ["c.jpg"]
    assert kept.of("three") == ()
    kept.keep("one", [])
    assert kept.of("one") == ()


def test_pictures_are_forgotten_in_time() -> None:
    now = [0.0]
    kept = tabs(seconds=60, clock=lambda: now[0])
    kept.keep("one", [upload("a")])
    now[0] = 60
    assert kept.of("one")
    now[0] = 61
    assert kept.of("one") == ()


def test_the_tab_seen_longest_ago_goes_first() -> None:
    kept = tabs(limit=25)
    for tab in ("one", "two", "one", "three"):
        kept.keep(tab, [upload(tab)])
    assert [bool(kept.of(tab)) for tab in ("one", "two", "three")] == [True, False, True]
    kept.keep("four", [upload("large", 100)])  # the newest is kept whatever its size
    assert [bool(kept.of(tab)) for tab in ("one", "three", "four")] == [False, False, True]


def test_a_link_to_somebodys_picture_asks_for_it_and_opens_it_when_it_comes() -> None:
    data = jpeg()
    digest = sha256(data).hexdigest()[:16]
    assert digest == digest_of(KeptUpload("", "", data))
    app = opened("super-tokens", picture=digest)
    check_fine(app)
    assert f"This link shows a picture of somebody's own (digest {digest})" in texts(app)
    assert "learned super tokens good groups" not in texts(app)
    app.file_uploader("upload").set_value([("mine.jpg", data, "image/jpeg")]).run()
    check_fine(app)
    assert "This link shows" not in texts(app)
    assert app.query_params["picture"] == digest
    assert app.segmented_control("gallery").value == "own"


def test_another_picture_than_the_links_is_shown_with_a_note() -> None:
    app = opened("super-tokens", picture="0123456789abcdef")
    app.file_uploader("upload").set_value([("mine.jpg", jpeg(), "image/jpeg")]).run()
    assert "is not the one of the link (digest 0123456789abcdef)" in texts(app)
    assert app.segmented_control("gallery").value == "own"


def test_a_sample_can_be_shown_instead() -> None:
    app = opened("super-tokens", picture="<b>*x*</b>")
    assert "digest bxb" in texts(app)
    app.button("give_up_picture").click().run()
    check_fine(app)
    assert "picture" not in app.query_params
    assert "learned super tokens good groups" in texts(app)
