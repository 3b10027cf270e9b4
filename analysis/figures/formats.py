"""The kinds of files that figures are written as; read without importing Matplotlib."""

FIGURES = ("png", "svg", "pdf")
