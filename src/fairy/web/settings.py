"""The settings of the web page, and what one edit is asked for there. No torch, no Gradio."""

from __future__ import annotations

import ipaddress
import math
import re
from collections.abc import Mapping
from dataclasses import asdict, dataclass, fields
from pathlib import Path
from typing import Any

from fairy.config import EMBEDDED, EditConfig, ModelConfig, VideoConfig, check_instruction, flag
from fairy.errors import UsageError

LIMITS = {
    "port": (0, 65535),
    "max_megabytes": (1, 1_000_000),
    "max_total_megabytes": (1, 1_000_000_000),
    "max_seconds": (1, 1_000_000),
    "max_pixels": (64 * 64, 8192 * 8192),
    "max_long_side": (64, 8192),
    "keep_hours": (0.01, 1_000_000),
}


@dataclass(frozen=True, kw_only=True)
class WebConfig:
    """Where the page is served, what it accepts, what it keeps."""

    host: str = "127.0.0.1"
    """The address to listen on. Anything but this machine's own wants --auth."""
    port: int = 7860
    """The port to listen on; 0 takes a free one."""
    public_name: tuple[str, ...] = ()
    """Another name under which browsers find the page, such as that of a proxy in front."""
    folder: Path = Path("fairy-web")
    """Where uploads, jobs and results are kept. Made if it is not there."""
    auth: str | None = None
    """Ask for a name and a password: the password is the first line of the file."""
    shared: bool = False
    """Show everybody the videos and jobs of all; otherwise each browser sees its own."""
    models: Path | None = None
    """A folder of models in diffusers' format to offer, besides the embedded one and those in the hub's cache."""
    loras: Path | None = None
    """A folder of LoRAs, .safetensors, to offer."""
    device: str = "auto"
    """Where to compute: auto, cpu, mps, cuda or cuda:N."""
    max_megabytes: int = 500
    """Uploads of more are refused."""
    max_total_megabytes: int = 20_000
    """No more is taken in while so much is kept of all."""
    max_seconds: float = 120.0
    """Videos that last longer are refused."""
    max_pixels: int = 3840 * 2160
    """Videos with more pixels a frame are refused."""
    max_long_side: int = 1024
    """The largest size of a result that can be chosen, in pixels of its longer side."""
    keep_hours: float = 72.0
    """What nobody has touched for so long is removed."""

    def __post_init__(self) -> None:
        for name, (low, high) in LIMITS.items():
            value = getattr(self, name)
            if not low <= value <= high:  # so that NaN is refused, too
                raise UsageError(f"{flag(name)} {value}: must lie in {low:g}..{high:g}")
        self.login()
        if not self.auth and not is_loopback(self.host):
            raise UsageError(
                f"--host {self.host}: other machines could use the page; protect it with --auth USER:PASSWORD_FILE"
            )

    @property
    def max_bytes(self) -> int:
        """Of an upload."""
        return self.max_megabytes << 20

    def login(self) -> tuple[str, str] | None:
        """The name and the password, where they are asked for."""
        if self.auth is None:
            return None
        user, _, file = self.auth.partition(":")
        if not (user and file):
            raise UsageError(f"--auth {self.auth}: write USER:PASSWORD_FILE")
        try:
            lines = Path(file).read_text(encoding="utf-8").splitlines()
        except (OSError, UnicodeDecodeError) as error:
            raise UsageError(
                f"--auth {self.auth}: {file} cannot be read; give a text file with the password"
            ) from error
        if not lines or not lines[0].strip():
            raise UsageError(f"--auth {self.auth}: {file} is empty; its first line is the password")
        return user, lines[0].strip()


def is_loopback(host: str) -> bool:
    """Whether only this machine can reach an address."""
    try:
        return host == "localhost" or ipaddress.ip_address(host).is_loopback
    except ValueError:
        return False


MOST_CHARACTERS = 1000
"""Of an instruction. No model reads more than a few sentences."""


@dataclass(frozen=True, kw_only=True)
class Wish:
    """What one edit is asked for, as plain values: it lies on disk as JSON and comes over the API.

    None is the model's own default. Raises UsageError where a value is out of range.
    """

    instruction: str
    text_guidance: float | None = None
    image_guidance: float | None = None
    num_steps: int | None = None
    num_anchors: int | None = None
    anchor_strength: float = 1.0
    seed: int = 0
    size: str = "source"
    detail: str = "carry"
    long_side: int | None = None
    start: float | None = None
    end: float | None = None
    codec: str | None = None
    quality: int | None = None
    model: str = EMBEDDED
    lora: str | None = None
    lora_scale: float = 1.0

    def __post_init__(self) -> None:
        check_instruction(self.instruction)
        if len(self.instruction) > MOST_CHARACTERS:
            raise UsageError(
                f"the instruction has {len(self.instruction):,} characters; at most {MOST_CHARACTERS:,} are accepted."
                " Say it shorter."
            )
        suffix_of(self.codec)
        for make in (self.edit, self.video, self.model_config):
            make()

    def edit(self) -> EditConfig:
        """What decides the picture."""
        return EditConfig(**self._of(EditConfig))

    def video(self) -> VideoConfig:
        """The size, and which part."""
        return VideoConfig(**self._of(VideoConfig))

    def model_config(self, device: str = "auto") -> ModelConfig:
        """The model."""
        return ModelConfig(model=self.model, lora=self.lora, lora_scale=self.lora_scale, device=device)

    def _of(self, config: type) -> dict[str, Any]:
        """Those of its fields that a wish has, too."""
        return {each.name: getattr(self, each.name) for each in fields(config) if hasattr(self, each.name)}

    def to_json(self) -> dict[str, Any]:
        """As it lies on disk."""
        return asdict(self)


def suffix_of(codec: str | None) -> str:
    """Of the file that holds a codec's pictures: .mp4 where that can be. UsageError where there is no such codec."""
    from fairy.video.formats import FORMATS  # brings PyAV along, which `fairy --help` can do without

    suffix = next((name for name, each in FORMATS.items() if codec is None or codec in each.codecs), None)
    if suffix is None:
        known = dict.fromkeys(codec for each in FORMATS.values() for codec in each.codecs)
        raise UsageError(f"codec {short(codec)}: must be one of {', '.join(known)}")
    return suffix


SETTINGS = {each.name: each.type for each in fields(Wish) if each.name != "instruction"}
"""What may be set besides the instruction, with the type as it is written above."""
WHOLE = {name for name, kind in SETTINGS.items() if str(kind).startswith("int")}
NUMBERS = WHOLE | {name for name, kind in SETTINGS.items() if str(kind).startswith("float")}


def wish_of(instruction: str, settings: Mapping[str, Any]) -> Wish:
    """A wish out of what a page or a program sends. UsageError says what is not understood."""
    if not isinstance(settings, Mapping):
        raise UsageError(f'settings {settings!r}: must be an object, such as {{"seed": 3}}')
    if not isinstance(instruction, str | None):
        raise UsageError("the instruction must be a text")
    for name, value in settings.items():
        if name not in SETTINGS:
            raise UsageError(f"there is no setting {str(name)[:40]!r}; there are {', '.join(SETTINGS)}")
        if value is not None:
            _check_kind(name, value)
    values = {name: value for name, value in settings.items() if value is not None and value != ""}
    # JSON writes 1.0 as 1, and a recipe would have it otherwise than that of a shell.
    numbers = {name: (int if name in WHOLE else float)(value) for name, value in values.items() if name in NUMBERS}
    return Wish(instruction=(instruction or "").strip(), **values | numbers)


def _check_kind(name: str, value: Any) -> None:
    if name in NUMBERS and not is_number(value):
        raise UsageError(f"{name} {short(value)}: must be a number")
    if name in WHOLE and value != int(value):
        raise UsageError(f"{name} {short(value)}: must be a whole number")
    if name not in NUMBERS and not isinstance(value, str):
        raise UsageError(f"{name} {short(value)}: must be a text")


def is_number(value: Any) -> bool:
    """Whether a value out of JSON is a finite number that a float can hold."""
    if isinstance(value, bool) or not isinstance(value, int | float):
        return False
    return abs(value) < 1e300 and math.isfinite(value)


def short(value: Any) -> str:
    """A value in an error's line."""
    words = repr(value)
    return words if len(words) <= 60 else f"{words[:57]}..."


def in_words(error: Exception, folder: Path | None = None) -> str:
    """An error's line for the page: settings by their plain names, files in `folder` by their names alone."""
    text = " ".join(str(error).splitlines())
    if folder is not None:
        text = re.sub(rf"{re.escape(str(folder))}/([0-9a-f]{{16}}/)*", "", text)
    text = text.replace(" or a folder of numbered images", "")  # a browser cannot send one
    text = re.sub(r"(?<![\w-])--([a-z][a-z-]+)", lambda option: option[1].replace("-", " "), text)
    first = text.partition(" ")[0]
    return text[:1].upper() + text[1:] if first.isalpha() else text
