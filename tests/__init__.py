"""The tests, in folders that mirror the packages; `checked` is the type checker that pyproject.toml names."""

from tests.support.shape_checker import checked

__all__ = ["checked"]
