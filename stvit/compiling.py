"""Compile loops over NumPy arrays, and look at the bits of a number; imported only where something is measured."""

from collections.abc import Callable
from inspect import unwrap
from typing import Any

from llvmlite import ir
from numba import njit, types
from numba.extending import intrinsic

OPTIONS: Any = {"nogil": True, "error_model": "numpy", "fastmath": {"reassoc", "contract", "nsz"}}
"""Others may run meanwhile, and sums may be taken in any order; infinity and NaN remain what they are."""


def compiled(signature: str | None = None) -> Callable[[Callable[..., Any]], Any]:
    """Return what compiles a function: at once for the types of a signature, or into whatever calls it.

    What was compiled is kept beside the module, or in the user's folder for caches if that cannot be written, and for
    this process only if neither can.
    """

    def compile_it(function: Callable[..., Any]) -> Any:
        plain = unwrap(function)  # checks of types cannot be compiled
        try:
            return njit(signature, cache=True, **OPTIONS)(plain)
        except RuntimeError:  # no folder for the cache
            return njit(signature, **OPTIONS)(plain)

    return compile_it


def _bits(typing: Any, number: Any) -> Any:
    """Return the bits of a number of single precision as a whole number."""
    return types.int32(types.float32), lambda context, builder, _, given: builder.bitcast(given[0], ir.IntType(32))


def _number(typing: Any, bits: Any) -> Any:
    """Return the number of single precision that has these bits."""
    return types.float32(types.int32), lambda context, builder, _, given: builder.bitcast(given[0], ir.FloatType())


bits_of: Any = intrinsic(_bits)
number_of: Any = intrinsic(_number)
