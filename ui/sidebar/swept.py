"""A picture of a sweep that a link asks for, in the place of an upload."""

from dataclasses import dataclass

import streamlit as st

from analysis.sweeps.at_hand import find_picture
from stvit.error_text import sentence
from stvit.foreign_text import plain
from ui import keys
from ui.failures import LONGEST_SENTENCE
from ui.markdown import escaped
from ui.view.sweeps import opened


@dataclass
class SweptPicture:
    """The bytes of a picture, as if it had been uploaded.

    Attributes:
        file_id: Tells it from others.
        name: File name.
        data: All its bytes.
    """

    file_id: str
    name: str
    data: bytes

    def getvalue(self) -> bytes:
        """Return its bytes."""
        return self.data


def swept_pictures() -> list[SweptPicture]:
    """Return the picture of a sweep that the link of this session asks for, if it is at hand; else say why not."""
    query, state = st.query_params, st.session_state
    if keys.SWEPT in query and keys.DATASET in query:
        state[keys.SWEPT] = (query[keys.DATASET], query[keys.SWEPT])
    asked = state.get(keys.SWEPT)
    if asked is None:
        return []
    folder, image = asked
    try:
        found = find_picture(opened(folder), image)
    except (OSError, ValueError) as error:
        st.warning(escaped(sentence(error), LONGEST_SENTENCE), icon=":material/folder_off:")
        return []
    if found is None:
        name = escaped(plain(image.rpartition("/")[2], 100))
        st.warning(f"{name} of the sweep is not at hand: it was moved or changed since, or is no picture of it.")
        return []
    return [SweptPicture(found.sha256, found.name, found.data)]
