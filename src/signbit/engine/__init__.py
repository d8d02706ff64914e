"""Run model files with the C++ engine; needs numpy alone.

>>> from signbit.engine import Model
>>> session = Model.load("network.sbit").session(threads=2)  # doctest: +SKIP
>>> scores = session.run(images)  # doctest: +SKIP
"""

from signbit.engine._native import isas, supported_isas
from signbit.engine.bits import pack_bits, unpack_bits
from signbit.engine.model import Model, Op, Tensor
from signbit.engine.session import Session
from signbit.errors import IsaError, ModelFileError

__all__ = [
    "IsaError",
    "Model",
    "ModelFileError",
    "Op",
    "Session",
    "Tensor",
    "isas",
    "pack_bits",
    "supported_isas",
    "unpack_bits",
]
