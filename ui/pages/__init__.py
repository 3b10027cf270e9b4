"""One script for each page; Streamlit runs it from top to bottom, and it draws the current view."""
