"""Groups from a file in What if: one more change, kept from the other page, refused in one sentence."""

import io

import numpy as np
import pytest
from streamlit.testing.v1 import AppTest

from tests.support.app_support import check_fine, go_to, opened, panels_of, texts

HALVES = np.repeat([[0, 1]], 112, axis=1).repeat(224, axis=0)


def upload(app: AppTest, **arrays) -> AppTest:
    buffer = io.BytesIO()
    np.savez_compressed(buffer, **arrays)
    return app.file_uploader("groups_file").set_value(("mine.npz", buffer.getvalue(), "application/zip")).run()


def changes(app: AppTest) -> list[str]:
    return app.selectbox("change_of_association").options


def tried(app: AppTest) -> list[str]:
    """Return the changes in the table of all."""
    (table,) = [frame.value for frame in app.dataframe if "most probable" in frame.value]
    return list(table["change"])


@pytest.fixture
def app() -> AppTest:
    return opened("what-if", sample="Cat")


def test_a_label_map_is_one_more_change(app):
    assert not any("mine" in title for title in changes(app))
    upload(app, labels=HALVES)
    assert changes(app)[-1] == "From file: mine.npz"
    assert tried(app)[-1] == "From file: mine.npz"
    check_fine(app.selectbox("change_of_association").set_value("foreign").run())
    learned, mine = panels_of(app)["panels"]
    assert mine["title"] == "From file: mine.npz"
    assert mine["note"].startswith("2 of 49 in use")
    assert mine["labels"]["names"] != learned["labels"]["names"]
    assert "changed in every block with super tokens" in texts(app)
    app.file_uploader("groups_file").set_value(None).run()
    check_fine(app)
    assert app.selectbox("change_of_association").value == "grid"


def test_an_association_changes_the_blocks_that_it_fits(app):
    upload(app, weights=np.eye(49)[np.arange(28 * 28) % 49])
    check_fine(app.selectbox("change_of_association").set_value("foreign").run())
    assert "with as many tokens as the file" in texts(app)


def test_the_groups_of_the_other_page_are_there(app):
    go_to(app, "super-tokens")
    upload(app, labels=HALVES)
    go_to(app, "what-if")
    check_fine(app.selectbox("change_of_association").set_value("foreign").run())


@pytest.mark.parametrize(
    ("array", "words"),
    [
        (np.arange(224 * 224).reshape(224, 224) // 64, "groups and this block only 49 super tokens"),
        (np.ones((100, 1)), "of 100 tokens; blocks with super tokens have 3,136 or 784 here"),
        (HALVES[:50], "50 x 224"),
    ],
)
def test_groups_that_do_not_fit_are_one_sentence(app, array, words):
    upload(app, a=array)
    assert not app.error  # another change is chosen: the table of all goes without the file
    assert any(words in caption.value.replace("\\", "") for caption in app.caption)
    assert not any("mine" in change for change in tried(app))
    app.selectbox("change_of_association").set_value("foreign").run()
    assert not app.exception
    (error,) = app.error
    assert words in error.value.replace("\\", "")
    assert error.value.endswith("Choose another change, or remove the file.")
