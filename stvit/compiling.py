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


LANES = 64
"""Numbers that `which_lie_between` compares at once; arrays have a multiple of it."""


def _which_lie_between(typing: Any, numbers: Any, start: Any, low: Any, high: Any) -> Any:
    """Return a bit for each of `LANES` numbers of an array: whether it lies from a low one to below a high one."""
    lanes = ir.VectorType(ir.FloatType(), LANES)

    def spread(builder: Any, value: Any) -> Any:
        first = builder.insert_element(ir.Constant(lanes, ir.Undefined), value, ir.Constant(ir.IntType(32), 0))
        everywhere = ir.Constant(ir.VectorType(ir.IntType(32), LANES), [0] * LANES)
        return builder.shuffle_vector(first, first, everywhere)

    def compare(context: Any, builder: Any, signature: Any, given: Any) -> Any:
        place = builder.gep(context.make_array(signature.args[0])(context, builder, given[0]).data, [given[1]])
        values = builder.load(builder.bitcast(place, lanes.as_pointer()), align=4)
        from_low = builder.fcmp_ordered(">=", values, spread(builder, given[2]))
        below_high = builder.fcmp_ordered("<", values, spread(builder, given[3]))
        return builder.bitcast(builder.and_(from_low, below_high), ir.IntType(LANES))

    return types.uint64(numbers, types.int64, types.float32, types.float32), compare


def _lowest_bit(typing: Any, bits: Any) -> Any:
    """Return the place of the lowest bit that is set; there must be one."""
    zero_is_poison = ir.Constant(ir.IntType(1), 1)
    return types.int64(types.uint64), lambda context, builder, _, given: builder.cttz(given[0], zero_is_poison)


which_lie_between: Any = intrinsic(_which_lie_between)
lowest_bit: Any = intrinsic(_lowest_bit)
