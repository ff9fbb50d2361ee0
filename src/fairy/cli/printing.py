"""What a command prints: progress on stderr, a summary on stdout, and, where it is asked for, one line of JSON."""

from __future__ import annotations

import json
from contextlib import AbstractContextManager, nullcontext
from dataclasses import asdict
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from fairy.report import Report


def reporting(quiet: bool) -> AbstractContextManager[Report]:
    """What shows the progress."""
    from fairy.cli.terminal import Terminal
    from fairy.report import SILENT

    return nullcontext(SILENT) if quiet else Terminal()


def tell(summary: str, result: Any, *, quiet: bool, as_json: bool) -> None:
    """Say what was done, and give the account of it: a dataclass, or a dictionary."""
    if not quiet:
        print(summary)
    if as_json:
        print_json(result if isinstance(result, dict) else asdict(result))


def print_json(value: Any) -> None:
    """One line."""
    print(json.dumps(value, default=str))
