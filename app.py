"""STViT, seen from inside: `streamlit run app.py`."""

from pathlib import Path

import streamlit as st

from ui.pages import explore, layers, super_tokens
from ui.sidebar import choose_view

ICON = str(Path(__file__).parent / "ui" / "icon.png")

st.set_page_config(page_title="STViT from inside", page_icon=ICON, layout="wide")

pages = st.navigation(
    [
        st.Page(explore.show, title="Explore", icon=":material/center_focus_strong:", url_path="explore", default=True),
        st.Page(super_tokens.show, title="Super tokens", icon=":material/hexagon:", url_path="super-tokens"),
        st.Page(layers.show, title="Layers", icon=":material/stacked_line_chart:", url_path="layers"),
    ],
    position="top",
)
st.html("<style>.stMainBlockContainer {padding-top: 4.5rem} .stSidebar h3 {padding-top: 0}</style>")
choose_view()
pages.run()
