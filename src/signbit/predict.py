"""An image file through a model file."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np

from signbit.engine import Session
from signbit.preprocessing import Preprocessing


def classify(session: Session, path: Path, top: int) -> dict[str, Any]:
    """The best classes of an image file, as plain values: file, and label and score of each class.

    Raises:
        ValueError: the file is no image, or the model does not read photos.
    """
    model = session.model
    if model.input_dtype != "uint8":
        raise ValueError(f"the model reads {model.input_dtype}; only models that read uint8 images take image files")
    preprocessing = model.preprocessing or Preprocessing()
    preprocessing.check(*model.input_shape)
    scores = session.run(preprocessing.read(path, *model.input_shape)[None]).reshape(-1)
    best = np.argsort(-scores, kind="stable")[:top]
    labels = model.labels or [str(index) for index in range(len(scores))]
    return {"file": str(path), "classes": [{"label": labels[index], "score": float(scores[index])} for index in best]}
