"""STViT, seen from inside: `streamlit run app.py`."""

from ui.frame import show_app

if __name__ == "__main__":  # a worker process that the app starts imports this file, too
    show_app()
