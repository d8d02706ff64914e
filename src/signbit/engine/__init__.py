"""Run model files with the C++ engine; needs numpy alone.

>>> from signbit.engine import Model
>>> session = Model.load("network.sbit").session(threads=2)  # doctest: +SKIP
>>> scores = session.run(images)  # doctest: +SKIP
"""

from signbit.engine._native import isas, supported_isas
from signbit.engine.model import Model
from signbit.engine.session import Session
from signbit.errors import IsaError, ModelFileError
from signbit.modelfile import Op, Tensor
from signbit.modelfile.bits import pack_signs as pack_bits
from signbit.modelfile.bits import unpack_signs as unpack_bits

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
