"""The model files that are kept: those of every version, and those that attack the reader."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from signbit.engine import Model, ModelFileError, supported_isas

FILES = Path(__file__).parents[1] / "files"
VERSIONS = sorted((FILES / "versions").glob("*.sbit"))
ATTACKS = sorted((FILES / "attacks").glob("*.sbit"))
MOST_BYTES = 2**24  # of a session


def test_nothing_is_missing() -> None:
    assert len(VERSIONS) >= 9
    assert len(ATTACKS) >= 50
    kinds = {op.kind for path in VERSIONS for op in Model.load(path).ops}
    assert len(kinds) == 10
    assert sum(path.stat().st_size for path in VERSIONS) < 50_000


@pytest.mark.parametrize("isa", supported_isas())
@pytest.mark.parametrize("path", VERSIONS, ids=lambda path: path.stem)
def test_every_version_gives_what_it_gave(path: Path, isa: str) -> None:
    """The input's element i is (37 i + 11) mod 256, for as many images as there are results."""
    model = Model.load(path)
    kept = path.with_suffix(".output").read_bytes()
    result = np.dtype(np.int32 if model.tensors[model.output].dtype == "int32" else np.float32)
    images = len(kept) // (result.itemsize * int(np.prod(model.output_shape)))
    values = (np.arange(images * int(np.prod(model.input_shape))) * 37 + 11) % 256
    given = values.astype(model.input_dtype).reshape(images, *model.input_shape)
    assert model.session(isa=isa).run(given).tobytes() == kept


@pytest.mark.parametrize("path", ATTACKS, ids=lambda path: path.stem)
def test_an_attack_meets_what_its_name_says(path: Path) -> None:
    expected = path.name.split(".")[0]
    if expected == "loads":
        model = Model.load(path)
        model.session(most_bytes=MOST_BYTES).run(np.zeros((1, *model.input_shape), model.input_dtype))
        return
    with pytest.raises(ModelFileError) as caught:
        Model.load(path).session(most_bytes=MOST_BYTES)
    assert caught.value.kind == expected.removeprefix("session_")
    if not expected.startswith("session_"):
        with pytest.raises(ModelFileError):
            Model.from_bytes(path.read_bytes())


@pytest.mark.parametrize("path", [p for p in ATTACKS if ".metadata_" in p.name], ids=lambda path: path.stem)
def test_metadata_cannot_do_more_than_be_wrong(path: Path) -> None:
    with pytest.raises(ModelFileError, match="metadata") as caught:
        _ = Model.load(path).metadata
    assert caught.value.kind == "record"


def test_labels_are_text_and_no_more() -> None:
    model = Model.load(FILES / "attacks/loads.labels_that_are_markup.sbit")
    assert model.labels[0] == "<script>alert(1)</script>"
    assert model.labels[3] == "../../etc"


def test_what_a_session_may_take() -> None:
    model = Model.load(FILES / "versions/v1_every_op.sbit")
    with pytest.raises(ModelFileError, match=r"most_bytes is 100; a smaller batch") as caught:
        model.session(most_bytes=100)
    assert caught.value.kind == "limit"
    with pytest.raises(ValueError, match="negative"):
        model.session(most_bytes=-1)
    model.session(most_bytes=100_000)
