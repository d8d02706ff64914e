"""Model files: their tensors and ops, and reading and writing them. Needs numpy alone.

`ops/` has one file for each kind of op, which is the definition of that op in Python.

>>> from signbit.modelfile import read
>>> model = read("network.sbit")  # doctest: +SKIP
>>> [op.describe() for op in model.ops]  # doctest: +SKIP
"""

from signbit.modelfile import ops
from signbit.modelfile.model import ModelFile
from signbit.modelfile.ops.op import Op
from signbit.modelfile.read import from_bytes, read
from signbit.modelfile.tensor import Tensor
from signbit.modelfile.write import to_bytes, write

__all__ = ["ModelFile", "Op", "Tensor", "from_bytes", "ops", "read", "to_bytes", "write"]
