"""STViT, seen from inside: `streamlit run app.py`."""

if __name__ == "__main__":  # a worker process that the app starts imports this file, too
    from ui.first_frame import send_style
    from ui.warm_up import RUNS

    with RUNS.noted():
        send_style()

        from ui.frame import show_app  # takes seconds in a new process

        show_app()
