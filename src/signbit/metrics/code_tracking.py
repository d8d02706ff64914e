"""Which tensors hold codes, known from where they come from: on the meta device there are no values to look at."""

from typing import Any, final

import torch
from torch import Tensor
from torch.utils._python_dispatch import TorchDispatchMode
from torch.utils._pytree import tree_leaves

_SIGN = "signbit::sign"
_MOVES = frozenset(
    f"aten::{name}"
    for name in (
        "_reshape_alias", "_to_copy", "_unsafe_view", "alias", "as_strided", "cat", "chunk", "clone", "detach",
        "expand", "flip", "index", "index_select", "max_pool2d", "max_pool2d_with_indices", "narrow",
        "native_channel_shuffle", "permute", "pixel_shuffle", "pixel_unshuffle", "repeat", "select", "slice", "split",
        "split_with_sizes", "squeeze", "stack", "t", "transpose", "unbind", "unsqueeze", "view",
    )
)  # fmt: skip
"""What gives codes where all that it is given are codes: it moves values, and computes none."""


@final
class CodeTracking(TorchDispatchMode):  # type: ignore[no-untyped-call]
    """While it is entered, notes which tensors are signs, or signs that were pooled, joined, cut or reordered."""

    def __init__(self) -> None:
        super().__init__()  # type: ignore[no-untyped-call]
        self._codes: dict[int, Tensor] = {}  # holds the tensor, so that its id stays its own

    def came_from_signs(self, x: Tensor) -> bool:
        """Whether every value of x is known to be -1 or +1."""
        return id(x) in self._codes

    def __torch_dispatch__(self, func: Any, types: Any, args: Any = (), kwargs: Any = None) -> Any:
        """Run the op, and note its output where that holds codes."""
        output = func(*args, **(kwargs or {}))
        name = func._schema.name
        if name == _SIGN or (name in _MOVES and self._all_codes(args)):
            self._codes.update((id(leaf), leaf) for leaf in _floats(output))
        return output

    def _all_codes(self, args: Any) -> bool:
        given = _floats(args)
        return bool(given) and all(id(tensor) in self._codes for tensor in given)


def _floats(tree: Any) -> list[Tensor]:
    """Its tensors, but for indices."""
    return [leaf for leaf in tree_leaves(tree) if isinstance(leaf, torch.Tensor) and leaf.is_floating_point()]
