"""The role of every parameter."""

import copy

import pytest
import torch
from torch import nn

from signbit.layers import AttentionBatchNorm2d, BinaryConv2d, BinaryLinear, IntegerConv2d, parameter_roles


def test_roles_survive_a_deepcopy() -> None:
    model = nn.ModuleDict(
        {
            "stem": IntegerConv2d(3, 4, 3),
            "bit_stem": IntegerConv2d(3, 4, 3, weight_binarizer="ste_sign"),
            "conv": BinaryConv2d(4, 4, 3, bias=True),
            "attention": AttentionBatchNorm2d(4, scale=True),
            "norm": nn.BatchNorm2d(4),
            "layer_norm": nn.LayerNorm(4),
            "linear": BinaryLinear(4, 4),
            "head": nn.Linear(4, 2),
        }
    )
    expected = {
        "stem.weight": "real",
        "bit_stem.weight": "latent_weight",
        "conv.weight": "latent_weight",
        "conv.bias": "real",
        "attention.gamma": "norm",
        "attention.beta": "norm",
        "norm.weight": "norm",
        "norm.bias": "norm",
        "layer_norm.weight": "norm",
        "layer_norm.bias": "norm",
        "linear.weight": "latent_weight",
        "head.weight": "real",
        "head.bias": "real",
    }
    assert parameter_roles(model) == expected
    assert parameter_roles(copy.deepcopy(model)) == expected


def test_unknown_role() -> None:
    module = nn.Module()
    module.weight = nn.Parameter(torch.ones(1))
    module.roles = {"weight": "latent"}
    with pytest.raises(ValueError, match="weight: role 'latent'; there are latent_weight, scale"):
        parameter_roles(module)
