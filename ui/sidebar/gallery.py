"""Pictures to click: a choice drawn as thumbnails, each above its name.

The buttons are Streamlit's own pills, so keyboard, screen readers and the address work as for any other choice; the
thumbnails are laid over them by a style sheet.
"""

import base64
import io
from collections.abc import Mapping, Sequence
from operator import attrgetter
from typing import Literal, NamedTuple

import streamlit as st
from PIL import Image, ImageOps

from stvit.images import RGBImage

THUMBNAIL = 128
"""Side in px: twice the width on the page, for sharp screens."""


class Item(NamedTuple):
    """A picture that can be chosen.

    Attributes:
        title: Its unique name on the page, as Markdown.
        thumbnail: What `thumbnail` made of it.
    """

    title: str
    thumbnail: str


@st.cache_data(max_entries=256, show_spinner=False, hash_funcs={RGBImage: attrgetter("sha256")})
def thumbnail(picture: RGBImage) -> str:
    """Return the middle square of a picture, small, as the address of an image that contains its data."""
    small = ImageOps.fit(Image.fromarray(picture.array), (THUMBNAIL, THUMBNAIL), Image.Resampling.BICUBIC)
    buffer = io.BytesIO()
    small.save(buffer, format="JPEG", quality=80)
    return "data:image/jpeg;base64," + base64.b64encode(buffer.getvalue()).decode()


def choose_picture(label: str, items: Mapping[str, Item], key: str, bind: Literal["query-params"] | None = None) -> str:
    """Draw the thumbnails and return the key of the one chosen, initially the first.

    Args:
        label: What is chosen, for screen readers.
        items: The pictures to choose from, by key; at least one.
        key: Name of the choice in the session and, if bound, in the address.
        bind: "query-params" to keep the choice in the address.
    """
    st.html(f"<style>{_style(key, [item.thumbnail for item in items.values()])}</style>")
    options = list(items)
    chosen = st.pills(
        label,
        options,
        default=options[0],
        required=True,
        key=key,
        bind=bind,
        width="stretch",
        format_func=lambda option: items[option].title,
        label_visibility="collapsed",
    )
    return chosen or options[0]


def _style(key: str, thumbnails: Sequence[str]) -> str:
    """Return the rules that make pills of a key into thumbnails, four in a row."""
    pill = f".st-key-{key} [role=radio]"
    rules = [
        f".st-key-{key} [role=radiogroup] {{display: grid; grid-template-columns: repeat(4, minmax(0, 1fr)); "
        "gap: .4rem}",
        f"{pill} {{display: flex; flex-direction: column; justify-content: flex-start; width: 100%; height: auto; "
        "min-width: 0; padding: 0; overflow: hidden; border-radius: .5rem}",
        f"{pill}::before {{content: ''; width: 100%; aspect-ratio: 4 / 3; background: center / cover}}",
        f"{pill} > div {{max-width: 100%; padding: .1rem .15rem .15rem; justify-content: center}}",
        f"{pill} p {{font-size: .75rem; overflow: hidden; text-overflow: ellipsis; white-space: nowrap}}",
        f"{pill}[data-selected] {{box-shadow: 0 0 0 1px var(--st-primary-color, currentColor)}}",
    ]
    rules += [
        f"{pill}:nth-of-type({number})::before {{background-image: url({image})}}"
        for number, image in enumerate(thumbnails, start=1)
    ]
    return "\n".join(rules)
