"""From words to dataclasses, by tyro: parsing, its errors in one line, and the settings of `fairy.config` as options.

Names, defaults, limits and help texts are those of the dataclasses. Here is only how the help writes a value, and what
it says that None stands for.
"""

from __future__ import annotations

import difflib
import io
import re
import types
from collections.abc import Callable, Iterator, Sequence
from contextlib import AbstractContextManager, nullcontext, redirect_stderr
from dataclasses import field, fields, is_dataclass, make_dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any, get_args, get_origin, get_type_hints

import tyro
from tyro.conf import FlagCreatePairsOff, OmitArgPrefixes, arg
from tyro.constructors import PrimitiveConstructorSpec

from fairy.config import flag
from fairy.errors import FairyError, UsageError

if TYPE_CHECKING:
    from fairy.report import Report

Flag = Annotated[bool, arg(help_behavior_hint="")]

VALUE_NAMES = {
    "num_anchors": "K",
    "seed": "SEED",
    "model": "MODEL",
    "scheduler": "NAME",
    "lora": "LORA",
    "decoder": "DECODER",
    "compile": "MODE",
    "device": "DEVICE",
    "dtype": "TYPE",
    "start": "SECONDS",
    "end": "SECONDS",
    "bank": "PLACE",
    "host": "ADDRESS",
    "folder": "FOLDER",
    "auth": "USER:FILE",
    "models": "FOLDER",
    "loras": "FOLDER",
}
UNSET = {
    "num_anchors": "3",
    "num_steps": "the model's own",
    "text_guidance": "the model's own",
    "image_guidance": "the model's own",
    "guided_share": "1, with --fast 0.5",
    "long_side": "the model's own",
    "scheduler": "the model's own",
    "lora": "none",
    "decoder": "the model's own",
    "micro_batch": "by the device",
    "start": "the beginning",
    "end": "the end",
    "quality": "the format's own",
    "mask": "none",
    "batch_size": "as the device likes",
    "auth": "nobody is asked",
    "models": "no further ones",
    "loras": "those in the hub's cache",
}
"""What is used where a setting is None."""

KINDS = {
    int: ("N", "a whole number"),
    float: ("X", "a number"),
    str: ("TEXT", "a text"),
    Path: ("FILE", "a file"),
}


def parse(commands: Any, words: Sequence[str], about: str) -> Any:
    """An instance of one of `commands`, as the words give it. UsageError, in one line, where they do not."""
    said = io.StringIO()
    try:
        with redirect_stderr(said):
            command, unknown = tyro.cli(
                commands,
                prog="fairy",
                description=about,
                args=words,
                return_unknown_args=True,
                config=(OmitArgPrefixes, FlagCreatePairsOff),
            )
    except SystemExit as refused:
        if not refused.code:
            raise
        # tyro puts a box round our own errors, too, where a setting is refused: they are in the chain behind the exit.
        raise _find_cause(refused) or UsageError(_unbox(said.getvalue())) from None
    if unknown:
        raise UsageError(_explain(unknown, list(_option_names(command))))
    return command


def reporting(quiet: bool) -> AbstractContextManager[Report]:
    """What shows the progress."""
    from fairy.cli.terminal import Terminal
    from fairy.report import SILENT

    return nullcontext(SILENT) if quiet else Terminal()


def as_options(config: type) -> type:
    """A twin of a settings dataclass, with its fields, help texts and checks, whose fields tyro reads as we say."""
    hints = get_type_hints(config)
    twins = [(f.name, _option(f.name, hints[f.name], f.default), field(default=f.default)) for f in fields(config)]
    return make_dataclass(
        config.__name__, twins, bases=(config,), namespace={"__doc__": config.__doc__}, frozen=True, kw_only=True
    )


def plain(twin: Any) -> Any:
    """The settings themselves, of the class that `as_options` was given."""
    return type(twin).__bases__[0](**vars(twin))


def _option(name: str, hint: Any, default: object) -> Any:
    """The annotation that tells tyro how the option `name` is read and shown."""
    kind = next(t for t in get_args(hint) if t is not type(None)) if get_origin(hint) is types.UnionType else hint
    if kind is bool:
        return Flag
    letter, _ = KINDS[kind]
    shown = UNSET[name] if default is None else f"{default:g}" if kind is float else str(default)
    spec = PrimitiveConstructorSpec(
        nargs=1,
        metavar=VALUE_NAMES.get(name, letter),
        instance_from_str=_parser(name, kind),
        is_instance=lambda _: True,
        str_from_instance=lambda value: [str(value)],
    )
    return Annotated[hint, spec, arg(help_behavior_hint=f"(default: {shown})")]


def _parser(name: str, kind: type) -> Callable[[list[str]], Any]:
    def parse(words: list[str]) -> Any:
        try:
            return kind(words[0])
        except ValueError:
            raise UsageError(f"{flag(name)} {words[0]}: must be {KINDS[kind][1]}") from None

    return parse


def _find_cause(error: BaseException | None) -> FairyError | None:
    """The error of ours because of which tyro exits."""
    while error is not None and not isinstance(error, FairyError):
        error = error.__context__
    return error


def _unbox(box: str) -> str:
    """What a box of tyro's says, in one line: without its frame, its title and the help texts, which are set far in."""
    lines = [line.strip("│").rstrip() for line in box.splitlines()[1:-1]]
    words = " ".join(line.strip() for line in lines if not line.startswith(9 * " "))
    sentences = [part.strip(" .") for part in re.split("─+|-{9,}", words)]
    return ". ".join(filter(None, sentences)) + "."


def _explain(words: Sequence[str], known: Sequence[str]) -> str:
    """Why words are not understood, and what may have been meant."""
    wrong = next((word for word in words if word.startswith("-")), None)
    if wrong is None:
        return f"too many words: {' '.join(words)}. Put an instruction of several words in quotes."
    similar = difflib.get_close_matches(wrong.partition("=")[0], known, n=1)
    return f"there is no option {wrong}. {f'Did you mean {similar[0]}?' if similar else 'See --help.'}"


def _option_names(command: Any) -> Iterator[str]:
    """The names of all options of a command, those of the settings in it included."""
    for each in fields(command):
        value = getattr(command, each.name)
        yield from _option_names(value) if is_dataclass(value) else [flag(each.name)]
