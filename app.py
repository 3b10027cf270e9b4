"""STViT, seen from inside: `streamlit run app.py`."""

if __name__ == "__main__":  # a worker process that the app starts imports this file, too
    from ui.frame import show_app
    from ui.warm_up import RUNS

    with RUNS.noted():
        show_app()
