"""The embedded UNet: one resolution level whose convolutions see little, so that self-attention has to carry the scene.

The convolutions after the first self-attention are trained with 1 x 1 kernels, but for those of `free_resnets`. A
stock UNet2DConditionModel knows only 3 x 3 ones, so `widen` pads them with zeros for the exported folder; the result is
the same function.
C latent channels, W width.
"""

from __future__ import annotations

from collections.abc import Iterator

import torch
from diffusers import EulerAncestralDiscreteScheduler, UNet2DConditionModel
from torch import nn

from fairy.lab.embedded.recipe import Recipe

CONSTANT = 8.0
"""A pair of channels of this size in a group fixes the group's norm, so that the identity path passes it unscaled."""


def build_scheduler() -> EulerAncestralDiscreteScheduler:
    """v-prediction with zero signal at the last of 1000 steps: sampling starts from pure noise, as training did."""
    return EulerAncestralDiscreteScheduler(
        num_train_timesteps=1000,
        beta_start=0.00085,
        beta_end=0.012,
        beta_schedule="scaled_linear",
        prediction_type="v_prediction",
        rescale_betas_zero_snr=True,
        timestep_spacing="trailing",
    )


def build_unet(recipe: Recipe) -> UNet2DConditionModel:
    """A stock UNet with fresh weights of torch's current seed."""
    return UNet2DConditionModel(
        sample_size=recipe.long_side // 8,
        in_channels=2 * recipe.latent_channels,
        out_channels=recipe.latent_channels,
        block_out_channels=(recipe.width,),
        down_block_types=("CrossAttnDownBlock2D",),
        up_block_types=("CrossAttnUpBlock2D",),
        mid_block_type=None,
        layers_per_block=1,
        attention_head_dim=recipe.heads,  # diffusers' name for the number of heads
        cross_attention_dim=recipe.text_width,
        norm_num_groups=recipe.norm_groups,
    )


def build_trainee(recipe: Recipe) -> UNet2DConditionModel:
    """The UNet as it is trained: 1 x 1 kernels after the first attention, returning its source picture untrained."""
    unet = build_unet(recipe)
    start_at_identity(unet)
    narrow(unet, recipe.free_resnets)
    return unet.to(memory_format=torch.channels_last)


def narrow(unet: UNet2DConditionModel, num_free: int = 0) -> None:
    """Keep only the centre of every 3 x 3 kernel after the first attention, but for the first `num_free` resnets."""
    for owner, name, convolution in _late_convolutions(unet, num_free):
        small = nn.Conv2d(convolution.in_channels, convolution.out_channels, 1)
        small.weight.data.copy_(convolution.weight.data[:, :, 1:2, 1:2])
        small.bias.data.copy_(convolution.bias.data)  # type: ignore[union-attr]
        setattr(owner, name, small)


def start_at_identity(unet: UNet2DConditionModel) -> None:
    """Set weights so that the untrained UNet predicts v = -source, right at full noise for "change nothing".

    The path: conv_in puts +c and -c of the source latent c into pairs of channels; the skip connection takes them to
    the last resnet's shortcut; the last group norm passes them, since a constant pair dominates each group's variance;
    and silu(c) - silu(-c) = c lets conv_out put them together again. Every residual branch starts at zero.
    """
    latent, width, groups = unet.config.out_channels, unet.config.block_out_channels[0], unet.config.norm_num_groups
    positive, negative, constant = _pairs(latent, width, groups)
    last = unet.up_blocks[-1].resnets[-1]
    centre = (slice(None), slice(None), 1, 1)
    with torch.no_grad():
        for block in (*unet.down_blocks, *unet.up_blocks):
            for resnet, attention in zip(block.resnets, block.attentions, strict=True):
                for layer in (resnet.conv2, attention.proj_out):
                    layer.weight.zero_()
                    layer.bias.zero_()
        carried = [*positive, *negative, *constant[0], *constant[1]]
        unet.conv_in.weight[carried] = 0.0
        unet.conv_in.bias[carried] = 0.0
        source = torch.arange(latent) + latent
        unet.conv_in.weight[positive, source, 1, 1] = 1.0
        unet.conv_in.weight[negative, source, 1, 1] = -1.0
        unet.conv_in.bias[constant[0]] = CONSTANT
        unet.conv_in.bias[constant[1]] = -CONSTANT
        last.conv_shortcut.weight[carried] = 0.0
        last.conv_shortcut.weight[:, [width + channel for channel in (*constant[0], *constant[1])]] = 0.0
        last.conv_shortcut.bias[carried] = 0.0
        for channel in carried:
            last.conv_shortcut.weight[channel, width + channel, 0, 0] = 1.0
        unet.conv_norm_out.weight.fill_(CONSTANT * (2 * groups / width) ** 0.5)
        unet.conv_out.weight.zero_()
        unet.conv_out.bias.zero_()
        unet.conv_out.weight[centre][torch.arange(latent), positive] = -1.0
        unet.conv_out.weight[centre][torch.arange(latent), negative] = 1.0


def _pairs(latent: int, width: int, groups: int) -> tuple[list[int], list[int], tuple[list[int], list[int]]]:
    """Channels of +c, of -c, and of the constants +-: two constants to a group, and the pairs beside them."""
    size = width // groups
    places = [group * size + 2 * pair for pair in range(1, size // 2) for group in range(groups)][:latent]
    if len(places) < latent:
        raise ValueError(
            f"{latent} latent channels do not fit the identity path of width {width}: it takes {len(places)}"
        )
    used = sorted({place // size * size for place in places})
    return places, [place + 1 for place in places], (used, [place + 1 for place in used])


def take_over(trainee: UNet2DConditionModel, stock: UNet2DConditionModel) -> None:
    """Put the weights of an exported UNet into one that is built to be trained, cutting kernels where it has 1 x 1."""
    state = stock.state_dict()
    for name, tensor in trainee.state_dict().items():
        cut = tensor.ndim == 4 and tensor.shape != state[name].shape
        tensor.copy_(state[name][:, :, 1:2, 1:2] if cut else state[name])


def _late_convolutions(unet: UNet2DConditionModel, num_free: int) -> Iterator[tuple[nn.Module, str, nn.Conv2d]]:
    resnets = [resnet for block in unet.up_blocks for resnet in block.resnets]
    for resnet in resnets[num_free:]:
        yield resnet, "conv1", resnet.conv1
        yield resnet, "conv2", resnet.conv2
