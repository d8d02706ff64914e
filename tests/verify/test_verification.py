"""What a verification says that it compared."""

from __future__ import annotations

from signbit.verify.compare import OpResult
from signbit.verify.verification import Verification


def test_what_nothing_says() -> None:
    assert Verification("scalar").compared == [
        "Exhaustively: every op and constant of the file, against a new conversion of the module.",
        "On images: nothing.",
        "Not compared: class names and their order; preprocessing; names of tensors and ops; metadata; "
        "instruction sets other than scalar.",
    ]


def test_what_everything_says() -> None:
    found = Verification(
        "avx2", exact=True, reconverted=False, channels=1200, integers=34567, images=1053, awkward_images=13,
        labels_compared=True, preprocessing_compared=True,
    )  # fmt: skip
    assert found.compared == [
        "Exhaustively: every op and constant of the file, against the given conversion; class names and their "
        "order; preprocessing; 1,200 channels of thresholds, lookup tables and outputs, against torch on all "
        "34,567 integers that can reach them.",
        "On images: 1,053, 13 of them adversarial: each op on torch's own inputs, the captured graph against the "
        "module, and the whole network; every value must be equal.",
        "Not compared: names of tensors and ops; metadata; instruction sets other than avx2.",
    ]


def test_what_is_said_of_floats() -> None:
    ops = [OpResult(0, "pointwise", "a", flips=1), OpResult(1, "pointwise", "b", flips=1233)]
    found = Verification("avx2", images=1, ops=ops, network_flips=5678, labels_compared=True)
    assert found.compared[1:] == [
        "On images: 1, 0 of them adversarial: each op on torch's own inputs, the captured graph against the module, "
        "and the whole network; integers, and bits that come from integers, must be equal, and floats within their "
        "bounds; of the bits that come from floats, 1,234 differ op by op and 5,678 in the whole network, each from a "
        "float closer to zero than its bound.",
        "Not compared: preprocessing; names of tensors and ops; metadata; instruction sets other than avx2.",
    ]


def test_labels_and_preprocessing_are_told_apart() -> None:
    exhaustively, _, left = Verification("avx2", preprocessing_compared=True).compared
    assert exhaustively.endswith("a new conversion of the module; preprocessing.")
    assert left.startswith("Not compared: class names and their order; names of tensors")


def test_a_pass_has_no_errors() -> None:
    assert Verification("avx2").ok
    assert not Verification("avx2", errors=["a rule"]).ok


def test_flips_are_those_of_all_ops() -> None:
    ops = [OpResult(0, "pointwise", "a", flips=2), OpResult(1, "pointwise", "b", flips=3)]
    assert Verification("avx2", ops=ops).flips == 5
    assert Verification("avx2").flips == 0
    assert Verification("avx2").reconverted


def test_what_nobody_ran_is_zero() -> None:
    found = Verification("avx2")
    counts = ("channels", "integers", "images", "awkward_images", "network_flips", "equal_outputs", "traced")
    assert [getattr(found, name) for name in counts] == [0] * 7
    assert found.mismatched_predictions == 0
    assert (found.exact, found.labels_compared, found.preprocessing_compared) == (False, False, False)
    assert (found.ops, found.warnings, found.errors) == ([], [], [])
