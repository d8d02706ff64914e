"""Class names that a model file cannot hold are refused when the data is loaded, not after the training."""

import dataclasses
import importlib
import os
from pathlib import Path

import pytest
import torch
from PIL import Image

from signbit import data
from signbit.data import DataError, Dataset
from signbit.data.dataset import check_class_names

CONTROLS = [chr(code) for code in (*range(0x20), *range(0x7F, 0xA0))]
WRONG = {
    **{f"U+{ord(control):04X}": (f"ca{control}t", "has a control character") for control in CONTROLS},
    "line break at the end": ("cat\n", "has a control character"),
    "high surrogate": ("cat\ud800", "cannot be written as UTF-8"),
    "low surrogate": ("\udfffcat", "cannot be written as UTF-8"),
    "bytes of a file system": (b"caf\xe9".decode("utf-8", "surrogateescape"), "cannot be written as UTF-8"),
    "65,536 bytes": ("c" * 65536, "takes 65536 bytes, but a model file allows 65535"),
    "65,538 bytes in fewer characters": ("\u20ac" * 21846, "takes 65538 bytes, but a model file allows 65535"),
}
RIGHT = [
    "cat",
    "",
    " ",
    "~",
    "\u00a0",
    "Stra\u00dfe",
    "\u732b",
    "\U0001f431",
    "a\u2028b",
    "c" * 65535,
    "\u20ac" * 21845,
]


def dataset(*names: str) -> Dataset:
    images, labels = torch.zeros(2, 1, 4, 4, dtype=torch.uint8), torch.tensor([0, 1])
    return Dataset(images, labels, names, (0.0,), (1.0,))


@pytest.mark.parametrize("case", WRONG)
def test_wrong_names(case: str) -> None:
    name, fault = WRONG[case]
    with pytest.raises(DataError, match=f"class 1 is named .*, which {fault}.*; give it another name") as caught:
        dataset("dog", name)
    text = str(caught.value)
    text.encode()  # it can be printed, and it is one line
    assert text.isprintable()
    assert len(text) < 300
    with pytest.raises(ValueError, match="class 0 is named"):
        dataclasses.replace(dataset("dog", "cat"), class_names=(name, "dog"))


@pytest.mark.parametrize("name", RIGHT, ids=lambda name: repr(name[:9]))
def test_right_names(name: str) -> None:
    assert dataset("dog", name).subset(torch.tensor([1])).to("cpu").class_names == ("dog", name)


@pytest.mark.skipif(os.name == "nt", reason="Windows has no such names of folders")
@pytest.mark.parametrize("name", [b"ca\tt", b"ca\nt", b"\x7fcat", "c\u0085at".encode(), b"caf\xe9"])
def test_folders(name: bytes, tmp_path: Path) -> None:
    for folder in (b"dog", name):
        path = os.path.join(os.fsencode(tmp_path), b"train", folder)
        try:
            os.makedirs(path)
        except OSError:
            pytest.skip("the file system has no such name")
        for index in range(10):
            Image.new("RGB", (9, 9)).save(os.fsdecode(os.path.join(path, b"%d.png" % index)))
    advice = rf"; rename the folder in {tmp_path / 'train'}, and in val and test"
    with pytest.raises(DataError, match=rf"^class [01] is named '.*', which .*{advice}"):
        data.load("image_folder", tmp_path, size=8)


@pytest.mark.parametrize("name", ["ca\tt", "cat\n"])
def test_sets_of_the_hub(name: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("HF_HUB_OFFLINE", "1")
    pytest.importorskip("datasets", reason="datasets is not installed: pip install 'signbit[hub]'")
    hub = importlib.import_module("datasets")
    features = hub.Features({"image": hub.Image(), "label": hub.ClassLabel(names=["dog", name])})
    columns = {"image": [Image.new("RGB", (9, 9))] * 20, "label": [0, 1] * 10}
    hub.Dataset.from_dict(columns, features=features).save_to_disk(str(tmp_path / "set"))
    words = r"class 1 is named 'cat?.*' *, which has a control .*; rename it in a copy of set with cast_column"
    with pytest.raises(DataError, match=words):
        data.load("hub", tmp_path, repository="set", size=8)


@pytest.mark.parametrize("name", ["digits"])
def test_published_sets_have_right_names(name: str) -> None:
    check_class_names(data.load(name).train.class_names)
