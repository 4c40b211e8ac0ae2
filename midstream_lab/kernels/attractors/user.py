"""Calls of a person's own compiled equations from cached kernels, through the address of a C function."""

from __future__ import annotations

from numba.core import types
from numba.extending import intrinsic

#: What the function at the address is asked for: the rule itself (velocity or next iterate), or its Jacobian.
RULE, JACOBIAN = range(2)
#: Numbers below are built-in systems; every address lies above.
FIRST_ADDRESS = 4096


@intrinsic
def call_user(typing, address, mode, p, s, out):
    """``f(mode, p, s, out)`` at `address`: void (int64, double*, double*, double*); it writes `out`."""

    from llvmlite import ir

    def generate(context, builder, signature, args):
        number, pointer = ir.IntType(64), ir.DoubleType().as_pointer()
        function = builder.inttoptr(args[0], ir.FunctionType(ir.VoidType(), [number] + 3 * [pointer]).as_pointer())
        data = [
            builder.bitcast(context.make_array(kind)(context, builder, value).data, pointer)
            for kind, value in zip(signature.args[2:], args[2:], strict=True)
        ]
        builder.call(function, [args[1], *data])
        return context.get_dummy_value()

    return types.void(types.int64, types.int64, p, s, out), generate
