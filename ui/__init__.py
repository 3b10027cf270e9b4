"""Streamlit pages and their pieces."""
