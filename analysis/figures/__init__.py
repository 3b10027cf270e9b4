"""Figures: arrays in, Matplotlib or Plotly figures out. Nothing is shown and no global state is touched."""
