"""STViT, seen from inside: `streamlit run app.py`."""

from pathlib import Path

import streamlit as st

from ui.address import keep_notes, mend_place, show_notes
from ui.panels.pickers import keep_place
from ui.sidebar.choose import choose_view

UI = Path(__file__).parent / "ui"

st.set_page_config(page_title="STViT from inside", page_icon=str(UI / "icon.png"), layout="wide")
st.html("<style>.stMainBlockContainer {padding-top: 4.5rem} .stSidebar h3 {padding-top: 0}</style>")

PAGES = [
    ("explore", "Explore", ":material/center_focus_strong:"),
    ("super_tokens", "Super tokens", ":material/hexagon:"),
    ("redundancy", "Redundancy", ":material/stacked_line_chart:"),
    ("rollout", "Rollout", ":material/account_tree:"),
    ("what_if", "What if", ":material/alt_route:"),
    ("lesson", "Step by step", ":material/school:"),
    ("cost", "Cost", ":material/speed:"),
]
page = st.navigation(
    [
        st.Page(UI / "pages" / f"{name}.py", title=title, icon=icon, url_path=name.replace("_", "-"), default=not place)
        for place, (name, title, icon) in enumerate(PAGES)
    ],
    position="top",
)
keep_place(page.url_path)
view = choose_view()
mend_place(view.capture)
show_notes(page.url_path)
page.run()
keep_notes(page.url_path)
