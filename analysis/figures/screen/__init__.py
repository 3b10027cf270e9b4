"""Figures for the app, drawn with Plotly."""
