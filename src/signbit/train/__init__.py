"""Training: recipes, the loop, checkpoints, evaluation."""

from signbit.extras import need

need("torch", __name__)

from signbit.train.checkpoint import load_checkpoint
from signbit.train.evaluate import Evaluation, evaluate
from signbit.train.fit import FitResult, fit
from signbit.train.nonfinite import TrainingError
from signbit.train.recipe import Recipe, load_recipe, recipe_names
from signbit.train.recipe_file import apply_overrides, to_toml
from signbit.train.rehearsal import NothingIsBinary

__all__ = [
    "Evaluation",
    "FitResult",
    "NothingIsBinary",
    "Recipe",
    "TrainingError",
    "apply_overrides",
    "evaluate",
    "fit",
    "load_checkpoint",
    "load_recipe",
    "recipe_names",
    "to_toml",
]
