"""What is wrong with the words of a command, in one line: cyclopts finds it, and this says it."""

from __future__ import annotations

import difflib

from cyclopts import (
    App,
    CoercionError,
    CycloptsError,
    MissingArgumentError,
    UnknownCommandError,
    UnknownOptionError,
    UnusedCliTokensError,
)
from cyclopts.argument import Argument

from fairy.cli.help import name_of, usage_of
from fairy.errors import FairyError, UsageError


def explain(error: CycloptsError) -> FairyError:
    """The error to tell a user."""
    if isinstance(error.__cause__, FairyError):  # a value that could not be read says so itself
        return error.__cause__
    return UsageError(say(error, ["fairy", *(error.command_chain or ())]))


def say(error: CycloptsError, chain: list[str]) -> str:
    """What is wrong with the words of the command `chain`."""
    match error:
        case UnknownCommandError(unused_tokens=[word, *_], app=App() as app):
            return suggest_command(word, chain, app)
        case UnknownOptionError(token=token):
            return f"there is no option {token.keyword or token.value}. {guess_of(error) or see_help(chain)}"
        case UnusedCliTokensError(unused_tokens=[*words]):
            quotes = " Put an instruction of several words in quotes." if chain[-1] in ("edit", "preview") else ""
            return f"too many words: {' '.join(words)}.{quotes} {see_help(chain)}"
        case MissingArgumentError(argument=Argument() as argument, keyword=str() as option):
            return f"{option} wants a value: {option} {argument.parameter.metavar}"
        case MissingArgumentError(argument=Argument() as argument, app=App() as app):
            usage = f"It is written: {app.usage or usage_of(app, chain)}"
            return f"{name_of(argument)} is missing. {guess_of(error) or usage}"
        case CoercionError(argument=Argument() as argument) if argument.is_flag():
            return f"{argument.name} takes no value"
    return " ".join(str(error).split())


def suggest_command(word: str, chain: list[str], app: App) -> str:
    """What may have been meant."""
    known = [name for name in app if not name.startswith("-")]
    command = " ".join(chain)
    if word.startswith("-"):
        return f"there is no option {word}. {see_help(chain)}"
    if "lab" in known and word in app["lab"]:
        return f"there is no command {word}. Did you mean {command} lab {word}?"
    if similar := difflib.get_close_matches(word, known, n=1):
        return f"there is no command {word}. Did you mean {command} {similar[0]}?"
    return f"there is no command {word}. There are {', '.join(known[:-1])} and {known[-1]}. {see_help(chain)}"


def guess_of(error: CycloptsError) -> str:
    """What cyclopts thinks was meant."""
    _, asked, guess = " ".join(str(error).split()).partition("Did you mean ")
    return asked + guess


def see_help(chain: list[str]) -> str:
    """Where all is told."""
    return f"See {' '.join(chain)} --help."
