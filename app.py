"""STViT, seen from inside: `streamlit run app.py`."""

from ui.frame import show_app

show_app()
