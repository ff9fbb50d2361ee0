"""`load`: from a name to a model that is ready to edit with."""

from dataclasses import asdict, replace
from pathlib import Path
from typing import Any

import torch
from diffusers import AutoencoderKL, AutoencoderTiny, UNet2DConditionModel
from safetensors import SafetensorError
from transformers import CLIPTextModel, CLIPTextModelWithProjection, CLIPTokenizer

from fairy.config import EMBEDDED, ModelConfig
from fairy.errors import ModelError, UsageError
from fairy.models import hub
from fairy.models.bundle import Model
from fairy.models.catalog import open_embedded
from fairy.models.decoder import load_decoder
from fairy.models.device import choose_device, choose_dtype, choose_micro_batch
from fairy.models.folder import SCHEDULER, ModelFolder, check_complete, open_folder, read_json, select_weights
from fairy.models.kernels import shrink_kernels
from fairy.models.lora import fuse_lora
from fairy.models.quiet import quiet_libraries
from fairy.models.schedulers import scheduler_class

WEIGHTED = {
    loader.__name__: loader
    for loader in (UNet2DConditionModel, AutoencoderKL, AutoencoderTiny, CLIPTextModel, CLIPTextModelWithProjection)
}


def load(
    name_or_path: str | Path | None = None,
    *,
    device: str | torch.device = "auto",
    dtype: str | torch.dtype = "auto",
    lora: str | None = None,
    lora_scale: float = 1.0,
    scheduler: str | None = None,
    decoder: str | None = None,
    compile: str = "off",
    vae_tiling: bool = False,
    micro_batch: int | None = None,
) -> Model:
    """Load a folder in diffusers' format, a hub id (owner/name), or with None the embedded model.

    `device` is auto, cpu, mps, cuda or cuda:N; `dtype` is auto, float32, float16 or bfloat16; `lora` is a safetensors
    file, a folder or a hub id; `scheduler` is a name out of `fairy.models.schedulers`; `decoder` is an AutoencoderTiny,
    a folder or a hub id; `compile` is off, a mode of torch.compile, openvino or openvino-bf16; `vae_tiling` codes large
    frames in tiles. `micro_batch` frames go through the model at a time; None: 1, on a GPU as many as its memory
    suggests. Only safetensors are read, and no code that comes with a model is run.
    """
    chosen_device = choose_device(str(device))
    chosen_dtype = choose_dtype(str(dtype), chosen_device)
    sampler = scheduler_class(scheduler) if scheduler else None
    folder = find(name_or_path, half=chosen_dtype is not torch.float32)
    with quiet_libraries():
        model = _load_parts(folder, sampler, chosen_device, chosen_dtype)
        if lora:
            fuse_lora(model, lora, lora_scale)
            model = replace(model, lora=lora, lora_scale=lora_scale)
        if decoder:
            channels = model.vae.config.latent_channels
            small = load_decoder(decoder, channels, chosen_device, chosen_dtype)
            model = replace(model, decoder=small, decoder_name=decoder)
    shrink_kernels(model.unet)
    for module in (model.unet, model.vae, *model.text_encoders):
        module.requires_grad_(False).eval()
    if chosen_device.type == "cuda":
        model.unet.to(memory_format=torch.channels_last)
        model.vae.to(memory_format=torch.channels_last)
    if vae_tiling:
        for autoencoder in filter(None, (model.vae, model.decoder)):
            autoencoder.enable_tiling()
    if compile.startswith("openvino"):
        if chosen_device.type != "cpu" or chosen_dtype is not torch.float32:
            raise UsageError(f"--compile {compile}: is for --device cpu and --dtype float32")
    elif compile != "off":
        compile_parts(model, compile)
    model = replace(model, compile=compile, vae_tiling=vae_tiling)
    return replace(model, micro_batch=micro_batch or choose_micro_batch(chosen_device))


def load_wanted(wanted: ModelConfig) -> Model:
    """`load`, as settings ask for it."""
    options = asdict(wanted)
    name = options.pop("model")
    return load(None if name == EMBEDDED else name, **options)


def compile_parts(model: Model, mode: str) -> None:
    """Let torch.compile make kernels of its own for the denoiser and the autoencoder, at their first call."""
    decoding = model.decoder or model.vae
    for module in (model.unet, model.vae.encoder, decoding.decoder):
        module.compile(mode=mode, dynamic=False)


def find(name_or_path: str | Path | None, *, half: bool) -> ModelFolder:
    """The model's folder, checked and complete; `half` prefers 16-bit weights."""
    name = str(name_or_path or EMBEDDED)
    path = Path(name).expanduser()
    if path.is_dir() or name == EMBEDDED:
        folder = open_folder(path, name) if path.is_dir() else open_embedded()
        check_complete(folder, half=half)
        return folder
    if path.is_file():
        raise ModelError(f"{name} is a file; a model is a folder in diffusers' format or a hub id. See `fairy models`.")
    if isinstance(name_or_path, Path) or not hub.is_hub_id(name):
        raise ModelError(f"{name} is neither a folder nor a hub id (owner/name). See `fairy models`.")
    return hub.fetch_model(name, half=half)


def _load_parts(folder: ModelFolder, sampler: Any, device: torch.device, dtype: torch.dtype) -> Model:
    vae_config = read_json(folder.path / "vae" / "config.json")
    # The autoencoder of SDXL overflows in float16 and says so.
    vae_dtype = torch.float32 if dtype is torch.float16 and vae_config.get("force_upcast") else dtype
    config = read_json(folder.path / SCHEDULER)
    return Model(
        name=folder.name,
        path=folder.path,
        unet=_load_weighted(folder, "unet", dtype).to(device),
        vae=_load_weighted(folder, "vae", vae_dtype).to(device),
        text_encoders=tuple(_load_weighted(folder, part, dtype).to(device) for part in folder.text_components),
        tokenizers=tuple(_load_tokenizer(folder, part) for part in folder.text_components.values()),
        scheduler=(sampler or scheduler_class(folder.defaults.scheduler)).from_config(config),
        defaults=folder.defaults,
        device=device,
        dtype=dtype,
        is_cosxl_edit=folder.is_cosxl_edit,
        zeroes_empty_prompt=folder.zeroes_empty_prompt,
    )


def _load_weighted(folder: ModelFolder, component: str, dtype: torch.dtype) -> Any:
    loader = WEIGHTED[folder.index[component][1]]
    # transformers renamed torch_dtype; diffusers takes both by now.
    dtype_argument = "torch_dtype" if loader.__module__.startswith("diffusers") else "dtype"
    weights = select_weights(folder, folder.files(), component, half=dtype is not torch.float32)
    try:
        module, report = loader.from_pretrained(
            folder.path,
            subfolder=component,
            variant=weights.variant,
            use_safetensors=True,
            local_files_only=True,
            output_loading_info=True,
            **{dtype_argument: dtype},
        )
    except (OSError, ValueError, RuntimeError, SafetensorError) as error:
        reason = str(error).strip().splitlines()[0].rstrip(".:")
        raise ModelError(f"The {component} of {folder.name} cannot be loaded: {reason}.") from error
    if missing := sorted(report["missing_keys"]):
        raise ModelError(
            f"The {component} of {folder.name} is damaged: {len(missing)} tensors are missing, such as {missing[0]}."
        )
    return module


def _load_tokenizer(folder: ModelFolder, component: str) -> Any:
    try:
        return CLIPTokenizer.from_pretrained(folder.path, subfolder=component, local_files_only=True)
    except (OSError, ValueError, TypeError) as error:
        raise ModelError(
            f"The {component} of {folder.name} cannot be loaded: its vocabulary is missing or damaged."
        ) from error
