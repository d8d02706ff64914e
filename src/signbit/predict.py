"""An image file through a model file."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from signbit.engine import Session

_MODES = {1: "L", 3: "RGB"}


def read_image(path: Path, height: int, width: int, channels: int) -> NDArray[np.uint8]:
    """An image file as uint8 [1, height, width, channels], resized where it has another size.

    Raises:
        ValueError: the file is no image, or the model reads neither grey nor RGB images.
    """
    from PIL import Image, UnidentifiedImageError

    if channels not in _MODES:
        raise ValueError(f"the model reads images of {channels} channels; image files have 1 (grey) or 3 (RGB)")
    try:
        with Image.open(path) as file:
            image = file.convert(_MODES[channels])
    except UnidentifiedImageError:
        raise ValueError(f"{path} is not an image file that Pillow can read") from None
    if image.size != (width, height):
        image = image.resize((width, height), Image.Resampling.BICUBIC)
    return np.asarray(image, np.uint8).reshape(1, height, width, channels)


def classify(session: Session, path: Path, top: int) -> dict[str, Any]:
    """The best classes of an image file, as plain values: file, and label and score of each class."""
    model = session.model
    if model.input_dtype != "uint8":
        raise ValueError(f"the model reads {model.input_dtype}; only models that read uint8 images take image files")
    scores = session.run(read_image(path, *model.input_shape)).reshape(-1)
    best = np.argsort(-scores, kind="stable")[:top]
    labels = model.labels or [str(index) for index in range(len(scores))]
    return {"file": str(path), "classes": [{"label": labels[index], "score": float(scores[index])} for index in best]}
