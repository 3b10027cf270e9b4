"""The commands of `python -m analysis`; `registry` lists them."""
