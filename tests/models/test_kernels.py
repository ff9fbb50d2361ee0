"""Kernels that see only the centre are computed as 1 x 1; all others stay as they are."""

import pytest
import torch
from torch import nn

from fairy.models.families.instruct_pix2pix.kernels import shrink_kernels


def convolution(**options):
    torch.manual_seed(0)
    layer = nn.Sequential(nn.Conv2d(4, 6, 3, **({"padding": 1} | options)))
    with torch.no_grad():
        keep = layer[0].weight[:, :, 1, 1].clone()
        layer[0].weight.zero_()
        layer[0].weight[:, :, 1, 1] = keep
    return layer


@pytest.mark.parametrize("options", [{}, {"bias": False}, {"groups": 2}])
def test_a_kernel_that_sees_the_centre_only_shrinks_to_the_same_function(options):
    layer, x = convolution(**options), torch.randn(2, 4, 5, 7)
    expected = layer(x)
    shrink_kernels(layer)
    assert layer[0].kernel_size == (1, 1)
    torch.testing.assert_close(layer(x), expected)


@pytest.mark.parametrize("options", [{"stride": 2}, {"padding": 0}, {"padding_mode": "reflect"}, {"dilation": 2}])
def test_a_convolution_of_another_geometry_stays(options):
    layer = convolution(**options)
    shrink_kernels(layer)
    assert layer[0].kernel_size == (3, 3)


def test_a_kernel_that_sees_its_surroundings_stays():
    layer = convolution()
    with torch.no_grad():
        layer[0].weight[0, 0, 0, 0] = 1e-6
    shrink_kernels(layer)
    assert layer[0].kernel_size == (3, 3)
