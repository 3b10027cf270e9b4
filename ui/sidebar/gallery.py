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


COMMON = """
KEY [role=radio] {width: 100%; height: auto; min-width: 0; padding: 0; overflow: hidden; border-radius: .5rem}
KEY [role=radio]::before {content: ''; flex: none; background: center / cover}
KEY [role=radio][data-selected] {box-shadow: 0 0 0 1px var(--st-primary-color, currentColor)}
KEY [role=radiogroup] {display: grid; gap: .4rem}
"""

TILES = f"""{COMMON}
KEY [role=radiogroup] {{grid-template-columns: repeat(4, minmax(0, 1fr))}}
KEY [role=radio] {{display: flex; flex-direction: column; justify-content: flex-start}}
KEY [role=radio]::before {{width: 100%; aspect-ratio: 4 / 3}}
KEY [role=radio] > div {{max-width: 100%; padding: .1rem .15rem .15rem; justify-content: center}}
KEY [role=radio] p {{font-size: .7rem; letter-spacing: -.01em; white-space: nowrap}}
"""
"""Four in a row, each above its name."""

ROWS = f"""{COMMON}
KEY [role=radiogroup] {{max-height: 16rem; overflow-y: auto}}
KEY [role=radio] {{display: flex; flex-direction: row; align-items: center; justify-content: flex-start}}
KEY [role=radio]::before {{width: 3.4rem; min-height: 2.6rem; align-self: stretch}}
KEY [role=radio] > div {{min-width: 0; padding: .2rem .5rem; justify-content: flex-start; text-align: left}}
KEY [role=radio] p {{font-size: .8rem; line-height: 1.3; white-space: normal; overflow-wrap: anywhere}}
"""
"""One below the other, each beside its whole name."""


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


def choose_picture(
    label: str,
    items: Mapping[str, Item],
    key: str,
    bind: Literal["query-params"] | None = None,
    *,
    full_names: bool = False,
) -> str:
    """Draw the thumbnails and return the key of the one chosen, initially the first.

    Args:
        label: What is chosen, for screen readers.
        items: The pictures to choose from, by key; at least one.
        key: Name of the choice in the session and, if bound, in the address.
        bind: "query-params" to keep the choice in the address.
        full_names: Whether names may be long: each picture has a row of its own then, with its whole name.
    """
    layout = (ROWS if full_names else TILES).replace("KEY", f".st-key-{key}")
    st.html(f"<style>{layout}\n{_thumbnails(key, [item.thumbnail for item in items.values()])}</style>")
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


def _thumbnails(key: str, thumbnails: Sequence[str]) -> str:
    """Return the rules that lay each thumbnail over its pill."""
    return "\n".join(
        f".st-key-{key} [role=radio]:nth-of-type({number})::before {{background-image: url({image})}}"
        for number, image in enumerate(thumbnails, start=1)
    )
