"""What is in a model file, in numpy alone: its tensors, its ops, and how they are written and read.

`ops/` has one file for each kind of op, which is the definition of that op in Python.
"""

from signbit.modelfile import ops
from signbit.modelfile.model import ModelFile
from signbit.modelfile.ops.op import Op
from signbit.modelfile.tensor import Tensor

__all__ = ["ModelFile", "Op", "Tensor", "ops"]
