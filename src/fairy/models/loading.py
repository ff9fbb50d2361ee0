"""`load`: from a name to a model that is ready to edit with."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from typing import Any

import diffusers
import torch
import transformers
from safetensors import SafetensorError

from fairy.config import EMBEDDED, ModelConfig
from fairy.errors import ModelError
from fairy.models import hub
from fairy.models.bundle import Model
from fairy.models.catalog import built_in, open_built_in
from fairy.models.compiling import compile_parts, is_torchs, settle_machine
from fairy.models.decoder import WEIGHTS, find_decoder, load_decoder
from fairy.models.device import DTYPES, choose_device, choose_dtype, choose_micro_batch
from fairy.models.folder import SCHEDULER, ModelFolder, check_complete, open_folder, read_json, select_weights
from fairy.models.lora import find_lora, fuse_lora
from fairy.models.quiet import quiet_libraries
from fairy.models.schedulers import scheduler_class


def load(model: str | Path | None = None, **options: Any) -> Model:
    """Load a folder in diffusers' format, a hub id (owner/name), or with None the embedded model.

    `options` are the other fields of `fairy.ModelConfig`: device, dtype, lora, lora_scale, scheduler, decoder, compile,
    vae_tiling, micro_batch. Only safetensors are read, and no code that comes with a model is run. Raises UsageError
    for an option that does not go, ModelError where the model cannot be found or is none to edit with.
    """
    name = EMBEDDED if model is None else str(model.absolute() if isinstance(model, Path) else model)
    for option in ("device", "dtype"):  # torch's own objects are welcome
        if option in options:
            options[option] = str(options[option]).removeprefix("torch.")
    return load_config(ModelConfig(model=name, **options))


def load_config(config: ModelConfig) -> Model:
    """`load`, as settings ask for it; the model's own `config` leaves nothing open but `compile`, which may wait for
    the length of a video: `Model.for_video`."""
    device = choose_device(config.device)
    dtype = choose_dtype(config.dtype, device)
    sampler = scheduler_class(config.scheduler) if config.scheduler else None
    folder = find(config.model, half=dtype is not torch.float32)
    lora = find_lora(config.lora) if config.lora else None
    decoder = find_decoder(config.decoder) if config.decoder else None
    compile = settle_machine(config.compile, device, dtype)
    settled = replace(
        whole(config),
        device=str(device),
        dtype=next(name for name, known in DTYPES.items() if known is dtype),
        micro_batch=config.micro_batch or choose_micro_batch(device),
        compile=compile,
    )
    with quiet_libraries():
        model = _load_parts(folder, settled, sampler, device, dtype)
        if lora:
            fuse_lora(model, lora, config.lora_scale)
        if decoder:
            assert config.decoder
            channels = model.vae.config.latent_channels
            model = replace(model, decoder=load_decoder(config.decoder, decoder, channels, device, dtype))
    added = (*((lora,) if lora else ()), *((decoder / WEIGHTS,) if decoder else ()))
    model = replace(model, added=added)
    model.family.prepare(model)
    for module in model.parts:
        module.requires_grad_(False).eval()
    if config.vae_tiling:
        for autoencoder in filter(None, (model.vae, model.decoder)):
            autoencoder.enable_tiling()
    if is_torchs(compile):
        compile_parts(model, compile)
    return model


def whole(config: ModelConfig) -> ModelConfig:
    """The same with paths that hold from any folder; what is no path, such as a hub id, stays as it is."""

    def absolute(name: str) -> str:
        return str(Path(name).expanduser().absolute()) if Path(name).expanduser().exists() else name

    model = config.model if built_in(config.model) else absolute(config.model)
    lora, decoder = (name and absolute(name) for name in (config.lora, config.decoder))
    return replace(config, model=model, lora=lora, decoder=decoder)


def find(name: str, *, half: bool) -> ModelFolder:
    """The model's folder, checked and complete; `half` prefers 16-bit weights."""
    path = Path(name).expanduser()
    if built_in(name) or path.is_dir():
        folder = open_built_in(name) if built_in(name) else open_folder(path, name)
        check_complete(folder, half=half)
        return folder
    if path.is_file():
        raise ModelError(f"{name} is a file; a model is a folder in diffusers' format or a hub id. See `fairy models`.")
    if not hub.is_hub_id(name):
        raise ModelError(f"{name} is neither a folder nor a hub id (owner/name). See `fairy models`.")
    return hub.fetch_model(name, half=half)


def _load_parts(
    folder: ModelFolder, config: ModelConfig, sampler: Any, device: torch.device, dtype: torch.dtype
) -> Model:
    # The autoencoder of SDXL overflows in float16 and says so.
    vae_dtype = torch.float32 if dtype is torch.float16 and folder.config("vae").get("force_upcast") else dtype
    sampler = sampler or scheduler_class(folder.defaults.scheduler)
    reading = device if folder.family.TEXT_STAYS else torch.device("cpu")
    return Model(
        config=replace(config, scheduler=sampler.__name__),
        folder=folder,
        denoiser=_load_weighted(folder, folder.denoiser, dtype).to(device),
        vae=_load_weighted(folder, "vae", vae_dtype).to(device),
        text_encoders=tuple(_load_weighted(folder, part, dtype).to(reading) for part in folder.text_encoders),
        tokenizers=tuple(_load_tokenizer(folder, part) for part in folder.tokenizers),
        scheduler=sampler.from_config(read_json(folder.path / SCHEDULER)),
        device=device,
        dtype=dtype,
    )


def _load_weighted(folder: ModelFolder, component: str, dtype: torch.dtype) -> Any:
    loader = _class_of(folder, component)
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
    reader = _picture_reader() if component == "processor" else _class_of(folder, component)
    try:
        return reader.from_pretrained(folder.path, subfolder=component, local_files_only=True)
    except (OSError, ValueError, TypeError) as error:
        raise ModelError(
            f"The {component} of {folder.name} cannot be loaded: its vocabulary is missing or damaged."
        ) from error


def _picture_reader() -> Any:
    """What prepares pictures for a text encoder that sees: of a processor the part that needs no torchvision."""
    names = ("Qwen2VLImageProcessorPil", "Qwen2VLImageProcessor")  # transformers 5, and before
    return next(getattr(transformers, name) for name in names if hasattr(transformers, name))


def _class_of(folder: ModelFolder, component: str) -> Any:
    """A class of diffusers or transformers; its name is one that the folder's family accepts."""
    library, name = folder.index[component]
    return getattr(diffusers if library == "diffusers" else transformers, name)
