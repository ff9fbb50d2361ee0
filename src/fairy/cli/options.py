"""How settings become options: every field of a settings dataclass is one, with the help text that stands below it.

Here is only what a dataclass cannot know: in which group of the help an option stands, what its value is called there,
and what None stands for. A field that is named nowhere here is an option all the same. By cyclopts.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from pathlib import Path
from types import UnionType
from typing import Annotated, Any, Union, get_args, get_origin

from cyclopts import App, Group, Parameter
from cyclopts.argument import Argument, ArgumentCollection

from fairy.cli.help import Layout
from fairy.cli.values import READERS, read_by, read_pictures
from fairy.config import EditConfig, JobConfig, MaskConfig, ModelConfig, RunConfig, VideoConfig

ARGUMENTS, OPTIONS = Group("Arguments", sort_key=0), Group("Options", sort_key=1)
EDIT = Group("The edit", sort_key=2)
ANCHORS = Group("Anchors and shots", "Frames are counted from 0, in the whole source.", sort_key=3)
MODEL, VIDEO, MASK = Group("The model", sort_key=4), Group("The video", sort_key=5), Group("The mask", sort_key=6)
WORK = Group("The work", sort_key=7)
PRINTED = Group("What is printed", sort_key=98)
EXPERT = Group("Expert", "What is there for measuring, for unusual machines and for unusual models.", sort_key=99)

PLACES: dict[Group, tuple[str, ...]] = {
    OPTIONS: (
        *("num_anchors", "text_guidance", "image_guidance", "seed", "fast"),
        *("model", "size", "start", "end", "mask"),
    ),
    ANCHORS: ("anchors", "given", "shots"),
    EXPERT: (
        *("bank", "micro_batch", "batch_size", "vae_tiling", "decoder"),
        *("dtype", "compile", "scheduler", "chunk", "long_side"),
    ),
}
"""Fields that stand in another group than the rest of their settings: with what everyone uses first, or last."""

VALUES = {
    "num_anchors": "K",
    "seed": "SEED",
    "model": "MODEL",
    "scheduler": "NAME",
    "lora": "LORA",
    "decoder": "DECODER",
    "compile": "MODE",
    "detail": "carry|off",
    "device": "DEVICE",
    "dtype": "TYPE",
    "start": "SECONDS",
    "end": "SECONDS",
    "bank": "PLACE",
    "shots": "auto|off|FILE",
    "given": "N=PICTURE",
}
"""What a value is called in the help; the others are called by their kind."""
KINDS = {
    int: "N",
    float: "X",
    str: "TEXT",
    Path: "FILE",
    tuple[int, ...]: "N,N,...",
    tuple[str, ...]: "TEXT,...",
    tuple[int, int]: "WxH",
}

UNSET = {
    "num_anchors": "3",
    "num_steps": "the model's own",
    "text_guidance": "the model's own",
    "image_guidance": "the model's own",
    "long_side": "the model's own",
    "scheduler": "the model's own",
    "decoder": "the model's own",
    "micro_batch": "by the device",
    "batch_size": "as the device likes",
    "start": "the beginning",
    "end": "the end",
    "quality": "the codec's own",
    "anchors": "all shots choose",
    "given": "none; repeatable",
    "chunk": "32, or fewer where many workers share them",
}
"""What is used where a setting is None; of others nothing is said, as they are then not used."""


class Only:
    """In an annotation of settings: these fields are options, the others are not."""

    def __init__(self, *names: str) -> None:
        self.names = names

    def __contains__(self, name: str) -> bool:
        return name in self.names


class Without(Only):
    """In an annotation of settings: all fields are options but these."""

    def __contains__(self, name: str) -> bool:
        return name not in self.names


class Words:
    """In an annotation of settings: what values of some fields are called, and what counts where they are not given."""

    def __init__(self, **words: tuple[str, str | None]) -> None:
        self.words = words


def fields_in(group: Group) -> Parameter:
    """For a dataclass of settings whose fields are options, in this group if PLACES has no other."""
    return Parameter(name="*", group=group)


EditOptions = Annotated[EditConfig | None, fields_in(EDIT), Without("guided_share")]
"""`guided_share` is a number for Python; here it is a part of --fast."""
ModelOptions = Annotated[ModelConfig | None, fields_in(MODEL)]
VideoOptions = Annotated[
    VideoConfig | None,
    fields_in(VIDEO),
    Words(size=("source|model|N|WxH", None), codec=("NAME", "by the output's suffix")),
]
MaskOptions = Annotated[MaskConfig | None, fields_in(MASK)]
JobOptions = Annotated[JobConfig | None, fields_in(WORK), Without("workers", "ray_address")]
PreviewOptions = Annotated[
    JobConfig | None, fields_in(WORK), Without("workers", "ray_address", "chunk", "keep_job", "restart")
]
RunOptions = Annotated[RunConfig | None, fields_in(WORK)]

Output = Annotated[str, Parameter(alias="-o", metavar="OUTPUT")]
Overwrite = Annotated[bool, Parameter(help="Replace what is there under the output's name.")]
Quiet = Annotated[bool, Parameter(help="Print nothing but errors and what --json prints.", group=PRINTED)]
Json = Annotated[
    bool, Parameter(name="--json", help="Print the result as one JSON object, in the last line.", group=PRINTED)
]
Silent = Annotated[bool, Parameter(name="--quiet", help="Print nothing but errors.", group=PRINTED)]
"""As Quiet, for a command without --json."""


def value(name: str, unset: str | None = None, **more: Any) -> Parameter:
    """For an option of a command's own: what its value is called, and what counts where it is not given."""
    return Parameter(metavar=name, show_default=unset, **more)


class Commands(App):
    """An app of cyclopts whose options are read and shown as this module says."""

    def __attrs_post_init__(self) -> None:
        super().__attrs_post_init__()
        self.help_format, self.help_formatter, self.help_epilogue = "plaintext", Layout(self), self.help_epilogue or ""
        self.group_arguments, self.group_parameters = ARGUMENTS, OPTIONS

    def offer(self, command: Callable[..., None] | App, **ways: Any) -> None:
        """Take up a command; the help lists them in the order of these calls."""
        order = len(list(self))
        if isinstance(command, App):
            command.sort_key = order
            self.command(command)
        else:
            self.command(command, sort_key=order, **ways)

    def assemble_argument_collection(self, **ways: Any) -> ArgumentCollection:
        """The arguments of a command, for parsing as for help."""
        found = super().assemble_argument_collection(**ways)
        for argument in found:
            if argument.children:
                heed_annotations(argument)
            elif argument.parse:
                argument.parameter = Parameter.combine(argument.parameter, *in_our_words(argument))
        return found


def heed_annotations(settings: Argument) -> None:
    """Only, Without and Words of the fields of settings."""
    for note in get_args(settings.field_info.annotation):
        for field in settings.children:
            name = field.field_info.name
            if isinstance(note, Only) and name not in note:
                field.parameter = Parameter.combine(field.parameter, Parameter(parse=False))
            elif isinstance(note, Words) and name in note.words:
                field.parameter = Parameter.combine(field.parameter, value(*note.words[name]))


def in_our_words(argument: Argument) -> Iterator[Parameter]:
    """What cyclopts is to know of an option."""
    name, kind, given = argument.field_info.name, kind_of(argument.hint), argument.parameter
    yield Parameter(show_default=default_in_words(argument), allow_repeating=True)
    if argument.field_info.default is not True:  # what is so by default has a --no-
        yield Parameter(negative="")
    if any(given.group == (own,) for own in (EDIT, MODEL, VIDEO, MASK, WORK)):
        yield from (Parameter(group=place) for place, names in PLACES.items() if name in names)
    if given.metavar is None:
        yield Parameter(metavar=VALUES.get(name, KINDS.get(kind, "TEXT")))
    if name == "given":
        yield Parameter(name="--anchor", converter=read_pictures, n_tokens=-1)
    elif given.converter is None and kind in READERS:
        yield read_by(READERS[kind])


def kind_of(hint: Any) -> Any:
    """The type that a value has where it is not None."""
    kinds = [each for each in get_args(hint) if each is not type(None)]
    return kinds[0] if get_origin(hint) in (Union, UnionType) and len(kinds) == 1 else hint


def default_in_words(argument: Argument) -> str | bool:
    """What is used where an option is not given; False: that goes without saying."""
    default, words = argument.field_info.default, argument.parameter.show_default
    if isinstance(words, str):
        return words
    if isinstance(default, bool) or argument.required:
        return "on" if default is True else False
    if default is None or default in ((), "", {}):
        return UNSET.get(argument.field_info.name, False)
    if isinstance(default, tuple):
        return ("x" if kind_of(argument.hint) == tuple[int, int] else ",").join(map(str, default))
    return f"{default:g}" if isinstance(default, float) else str(default)
