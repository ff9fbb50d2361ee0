"""FLUX.2's autoencoder with its encoder set to the principal components of 8 x 8 patches, as the first model's is.

The class has more in its encoder than three halvings, all of which is set to pass its input on: residual branches add
nothing; a pair of large constants in each group decides the last group norm, which then only scales; and
silu(z) - silu(-z) = z undoes the last activation. What is left of the norm is an error of about 2e-4.
C latent channels of a patch.
"""

from __future__ import annotations

from typing import Any

import torch
from diffusers import AutoencoderKLFlux2
from einops import rearrange
from torch import nn

from fairy.lab.embedded.autoencoder import Components
from fairy.lab.embedded.joint.recipe import JointRecipe

WIDTHS = (16, 48, 48, 48)
"""Channels at full, 1/2, 1/4 and 1/8 resolution: 2 x 2 pixels are 12 numbers, 4 x 4 pixels 48."""
GROUPS = 8
CONSTANT = 64.0


def build_autoencoder(components: Components, recipe: JointRecipe) -> AutoencoderKLFlux2:
    """The encoder is the components, frozen; the decoder is fresh; latents are normalized already."""
    autoencoder = AutoencoderKLFlux2(
        block_out_channels=WIDTHS,
        decoder_block_out_channels=recipe.decoder_widths,
        down_block_types=("DownEncoderBlock2D",) * 4,
        up_block_types=("UpDecoderBlock2D",) * 4,
        layers_per_block=1,
        latent_channels=recipe.latent_channels,
        norm_num_groups=GROUPS,
        sample_size=recipe.long_side,
        use_quant_conv=False,
        use_post_quant_conv=False,
        mid_block_add_attention=False,
    )
    autoencoder.bn.running_var.fill_(1 - autoencoder.config.batch_norm_eps)
    set_encoder(autoencoder.encoder, components)
    autoencoder.encoder.requires_grad_(False)
    return autoencoder


@torch.no_grad()
def set_encoder(encoder: Any, components: Components) -> None:
    """Let it compute `components.encode` of pictures in -1..1."""
    for layer in encoder.modules():
        if isinstance(layer, nn.Conv2d):
            for weight in layer.parameters():
                weight.zero_()
    first, second, third = (block.downsamplers[0].conv for block in encoder.down_blocks[:3])
    _pass_on(encoder.conv_in, 3)
    for convolution, inner in ((first, 3), (second, 12)):
        for place, (row, column) in enumerate(((0, 0), (0, 1), (1, 0), (1, 1))):
            start = place * inner
            convolution.weight[range(start, start + inner), range(inner), row, column] = 1.0
    for block in (*encoder.down_blocks, encoder.mid_block):
        for resnet in block.resnets:
            if resnet.conv_shortcut is not None:
                _pass_on(resnet.conv_shortcut, min(resnet.conv_shortcut.in_channels, resnet.conv_shortcut.out_channels))
    _set_projection(third, components)
    _set_last(encoder, len(components.weight))


def _set_projection(convolution: Any, components: Components) -> None:
    """2 x 2 places of 48 numbers -> z and -z, and the constants beside them."""
    plus, minus, constants = _places(len(components.weight))
    # 48 numbers: (row of 2, column of 2) at 2 pixels, then at 1 pixel, then colour
    order = rearrange(components.weight, "z (r i k s j l c) -> z r s (i j k l c)", r=2, i=2, k=2, s=2, j=2, l=2)
    offset = components.weight @ (0.5 - components.mean)  # it sees -1..1, components 0..1
    for places, sign in ((plus, 1.0), (minus, -1.0)):
        for row in range(2):
            for column in range(2):
                convolution.weight[places, :, row, column] = sign * order[:, row, column] / 2
        convolution.bias[places] = sign * offset
    convolution.bias[constants] = torch.tensor([CONSTANT, -CONSTANT]).repeat(GROUPS)


def _set_last(encoder: Any, channels: int) -> None:
    plus, minus, _ = _places(channels)
    size = WIDTHS[-1] // GROUPS
    encoder.conv_norm_out.weight.fill_(CONSTANT * (2 / size) ** 0.5)
    encoder.conv_norm_out.bias.zero_()
    encoder.conv_out.weight[range(channels), plus, 1, 1] = 1.0
    encoder.conv_out.weight[range(channels), minus, 1, 1] = -1.0
    encoder.conv_out.bias[channels:] = -20.0  # the logarithm of a variance that nobody asks for


def _places(channels: int) -> tuple[list[int], list[int], list[int]]:
    """The channels of z, of -z, and of the constants: two constants to a group, and pairs beside them."""
    size = WIDTHS[-1] // GROUPS
    plus = [group * size + 2 * pair for group in range(GROUPS) for pair in range(1, size // 2)][:channels]
    assert len(plus) == channels, f"{channels} latent channels do not fit {WIDTHS[-1]}"
    return plus, [place + 1 for place in plus], [group * size + k for group in range(GROUPS) for k in range(2)]


def _pass_on(convolution: Any, channels: int) -> None:
    centre = convolution.kernel_size[0] // 2
    convolution.weight[range(channels), range(channels), centre, centre] = 1.0
