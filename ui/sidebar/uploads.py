"""Pictures that a person uploaded: which can be used, and why the others cannot."""

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass

import streamlit as st

from stvit.images import SUFFIXES
from ui import keys
from ui.failures import said
from ui.markdown import escaped
from ui.sidebar.camera import offer_camera, shots
from ui.sidebar.gallery import Item, thumbnail
from ui.sidebar.kept import Upload
from ui.sidebar.swept import swept_pictures
from ui.sidebar.wanted import restored_uploads
from ui.view.runs import uploaded_picture
from ui.view.view import Picture

PICTURE_TYPES = [suffix.removeprefix(".") for suffix in SUFFIXES]
LONGEST_NAME = 200
"""Characters of a name in the list."""

LARGEST_UPLOAD = 64
"""In MB."""

ONCE = f"""<style>
.st-key-{keys.UPLOAD} :has(> [data-testid=stFileChip]):not(:has(:is(
  [data-testid=stFileChipIconError], [data-testid=stFileChipIconSpinner]))) {{display: none}}
.st-key-{keys.UPLOAD} button[aria-label="Add files"]::after {{
  content: "Upload more"; margin-left: .35rem; white-space: nowrap}}
.st-key-{keys.UPLOAD} section:has([data-testid=stFileChips]) {{min-height: 0; padding: .3rem .5rem}}
.st-key-{keys.UPLOAD} [data-testid=stFileChip][aria-invalid=true] {{flex-wrap: wrap; height: auto}}
.st-key-{keys.UPLOAD} [data-testid=stFileChip] > [role=alert] {{
  position: static; width: 100%; height: auto; margin: 0; font-size: .8rem; clip: auto; clip-path: none;
  white-space: normal}}
</style>"""
"""Leaves what is on its way or failed in the uploader's own list: the rest is in ours, with full names.

Why a file failed, which Streamlit tells screen readers alone, everybody can read.
"""

SHOWN_PROBLEMS = 2
"""So many refused files are explained at once; a click shows the rest, which must not push the sidebar away."""


@dataclass(frozen=True)
class Verdict:
    """Whether an uploaded file can be used.

    Attributes:
        thumbnail: Its picture, small; None if it holds none that can be used.
        problem: Why it cannot be used.
    """

    thumbnail: str | None = None
    problem: str = ""


@dataclass(frozen=True)
class OwnPictures:
    """The usable pictures that this session was given.

    Attributes:
        verdicts: Whether each file can be used, by key.
        files: The usable ones, by key.
        items: Their names, all different, and thumbnails, by key.
        newest: Key of the first one that has just been given; None if there is no new one.
        problems: One sentence for each file that is left out, by key.
    """

    verdicts: dict[str, Verdict]
    files: dict[str, Upload]
    items: dict[str, Item]
    newest: str | None
    problems: dict[str, str]

    def picture(self, key: str) -> Picture:
        """Return a picture."""
        return uploaded_picture(self.files[key].name, self.files[key].getvalue())


def own_pictures() -> OwnPictures:
    """Return the pictures of the last call of `upload_pictures`."""
    own: OwnPictures = st.session_state.setdefault(keys.OWN_PICTURES, OwnPictures({}, {}, {}, None, {}))
    return own


def remove_files(*names: str) -> None:
    """Take files off the list by their keys, before the sidebar is drawn."""
    st.session_state.setdefault(keys.REMOVED, set()).update(names)


def upload_pictures() -> OwnPictures:
    """Draw the upload area and the camera's button, and return the pictures that can be used."""
    st.html(ONCE)
    uploads = st.file_uploader(
        "Your own pictures",
        type=PICTURE_TYPES,
        key=keys.UPLOAD,
        accept_multiple_files=True,
        max_upload_size=LARGEST_UPLOAD,
        help="PNG, JPEG, WebP, AVIF, HEIC, TIFF, BMP or GIF; several at once if you like. Dropped anywhere on the page "
        "or pasted, they come here too.",
    )
    offer_camera()
    restored, removed = restored_uploads(), st.session_state.get(keys.REMOVED, ())
    given: list[Upload] = [*swept_pictures(), *restored, *shots(), *uploads]
    files = {file.file_id: file for file in given if file.file_id not in removed}
    own = classify_uploads(list(files.values()), own_pictures().verdicts, {file.file_id for file in restored})
    st.session_state[keys.OWN_PICTURES] = own
    if own.problems:
        _report(list(own.problems.values()), anything_left=bool(own.files))
        st.button("Hide", icon=":material/close:", type="tertiary", on_click=remove_files, args=tuple(own.problems))
    return own


def classify_uploads(
    uploads: Sequence[Upload], before: Mapping[str, Verdict], restored: Collection[str] = ()
) -> OwnPictures:
    """Read the new files, and separate those that can be used from the rest.

    Args:
        uploads: All files that are currently uploaded.
        before: The verdicts of the last run, by key.
        restored: Keys of those from before a reload, which are not new.
    """
    verdicts = {file.file_id: before.get(file.file_id) or _judge(file) for file in uploads}
    good = {file.file_id: file for file in uploads if verdicts[file.file_id].thumbnail}
    titles = distinct([escaped(file.name, LONGEST_NAME) for file in good.values()])
    return OwnPictures(
        verdicts=verdicts,
        files=good,
        items={key: Item(title, verdicts[key].thumbnail or "") for key, title in zip(good, titles, strict=True)},
        newest=next((key for key in good if key not in before and key not in restored), None),
        problems={key: verdict.problem for key, verdict in verdicts.items() if verdict.problem},
    )


def distinct(names: Sequence[str]) -> list[str]:
    """Return the names, with repeated ones numbered: cat.jpg, cat.jpg (2).

    Example:
        >>> distinct(["cat.jpg", "dog.jpg", "cat.jpg"])
        ['cat.jpg', 'dog.jpg', 'cat.jpg (2)']
    """
    titles: list[str] = []
    for name in names:
        title, number = name, 1
        while title in titles:
            number += 1
            title = f"{name} ({number})"
        titles.append(title)
    return titles


def _judge(file: Upload) -> Verdict:
    try:
        return Verdict(thumbnail(uploaded_picture(file.name, file.getvalue()).read()))
    except Exception as error:  # a decoder can fail in any way, and only this picture is left out
        return Verdict(problem=said(error, file.name))


def _report(problems: Sequence[str], anything_left: bool) -> None:
    """Show in one box what is wrong with each file."""
    rest = "the other pictures stay" if anything_left else "the sample stays in its place"
    newest = problems[::-1]
    text = "\n\n".join(newest[:SHOWN_PROBLEMS])
    if len(problems) == 1:
        text += f" It is left out; {rest}."
    else:
        text += f"\n\nThese {len(problems)} files are left out; {rest}."
    st.error(text, icon=":material/broken_image:")
    if len(problems) > SHOWN_PROBLEMS:
        with st.expander(f"{len(problems) - SHOWN_PROBLEMS} more of them"):
            st.markdown("\n\n".join(newest[SHOWN_PROBLEMS:]))
