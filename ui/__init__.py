"""Streamlit pages and the components they are built from."""
