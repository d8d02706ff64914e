"""Where a network looks: Grad-CAM on test images, batch norm against attention batch norm."""

from collections.abc import Sequence

import torch
from matplotlib.figure import Figure
from torch import Tensor, nn
from torch.nn import functional

from signbit.data import Dataset
from signbit.extras import need
from signbit.inspect.figures.panels import by_norm
from signbit.inspect.figures.style import NORM_NAMES, PAGE, caption, new_figure
from signbit.inspect.runs import Run
from signbit.layers.binary_conv import BinaryConv2d

IMAGES = 7  # the first test image of each of so many classes
RIGHT, WRONG = "✓", "✗"


def draw(runs: Sequence[Run]) -> tuple[Figure, str]:
    """Three rows: the images, and the maps of the true class of both networks over them.

    The maps are those of the last 3x3 convolution. Which images are shown depends on nothing but the data set: the
    first of each class.

    Raises:
        ValueError: the runs are not one with batch norm and one with attention batch norm.
        ModuleNotFoundError: captum is missing.

    Source:
        Gu et al. 2025, Entropy 27(6):645, figure 1; Selvaraju et al. 2017, "Grad-CAM", arXiv:1610.02391.
    """
    need("captum", __name__)
    norms = by_norm(runs, ("batch", "abn"), "gradcam")
    chosen = {run.arguments.get("norm"): run for run in reversed(runs)}  # of several seeds the first
    test = chosen["batch"].data().test
    images = _first_of_each_class(test)
    models = {norm: chosen[norm].model() for norm in norms}
    figure = new_figure(PAGE, 3.3)
    grid = figure.subplots(1 + len(models), len(images))
    for column in range(len(images)):
        pixels = images.images[column].permute(1, 2, 0).squeeze(-1)
        for row in range(1 + len(models)):
            axes = grid[row, column]
            axes.set_xticks([])
            axes.set_yticks([])
            axes.spines[:].set_visible(False)
            grey = pixels.float().mean(-1) if row and pixels.dim() == 3 else pixels
            axes.imshow(grey.numpy(), cmap="gray", interpolation="nearest")
        grid[0, column].set_title(test.class_names[int(images.labels[column])])
    layer = ""
    for row, (norm, model) in enumerate(models.items(), start=1):
        layer, module = last_convolution(model)
        maps, predicted = grad_cam(model, module, images)
        grid[row, 0].set_ylabel(NORM_NAMES[norm])
        for column, found in enumerate(maps):
            axes = grid[row, column]
            axes.imshow(found.numpy(), cmap="inferno", alpha=0.6, vmin=0, vmax=1, interpolation="bilinear")
            right = predicted[column] == images.labels[column]
            axes.set_xlabel(RIGHT if right else f"{WRONG} {test.class_names[int(predicted[column])]}", labelpad=2)
    text = (
        f"Grad-CAM of the true class at {layer}, on the first test image of each of {len(images)} classes: bright is "
        f"where the network looks, each map on its own scale. Below a map: {RIGHT} for a right prediction, or what was "
        "predicted instead."
    )
    return figure, caption(text, list(norms.values()))


def last_convolution(model: nn.Module) -> tuple[str, nn.Module]:
    """The last convolution that looks at more than one pixel, and its path.

    Raises:
        ValueError: there is none.
    """
    found = [
        (path, module)
        for path, module in model.named_modules()
        if isinstance(module, (nn.Conv2d, BinaryConv2d)) and tuple(module.kernel_size) != (1, 1)
    ]
    if not found:
        raise ValueError("the network has no convolution for Grad-CAM to look at")
    return found[-1]


def grad_cam(model: nn.Module, layer: nn.Module, images: Dataset) -> tuple[Tensor, Tensor]:
    """Maps (N, H, W) of the labels, each from 0 to 1 and of the size of the images, and the predictions (N,)."""
    from captum.attr import LayerGradCam

    pixels = images.images
    maps = LayerGradCam(model, layer).attribute(pixels, target=images.labels, relu_attributions=True).detach()
    maps = functional.interpolate(maps, pixels.shape[2:], mode="bilinear", align_corners=False)[:, 0]
    highest = maps.amax((1, 2), keepdim=True).clamp_min(torch.finfo(maps.dtype).tiny)
    with torch.no_grad():
        return maps / highest, model(pixels).argmax(1)


def _first_of_each_class(test: Dataset) -> Dataset:
    classes = range(min(IMAGES, len(test.class_names)))
    return test.subset(torch.tensor([int((test.labels == label).nonzero()[0]) for label in classes]))
