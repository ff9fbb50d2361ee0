"""The help texts in docs/reference/command-line.md. `python tests/support/cli_reference.py` writes them anew."""

import re
from collections.abc import Callable
from contextlib import redirect_stdout
from io import StringIO
from pathlib import Path

from fairy.cli.main import main

REFERENCE = Path(__file__).parents[2] / "docs" / "reference" / "command-line.md"
HELP = re.compile(r"(?<=```text\n)\$ fairy (.*?)--help\n.*?(?=```)", re.DOTALL)


def help_of(words: list[str]) -> str:
    """What a command prints when it is asked for help."""
    with redirect_stdout(StringIO()) as said:
        main([*words, "--help"])
    return "\n".join(line.rstrip() for line in said.getvalue().rstrip().splitlines()) + "\n"


def refreshed(text: str, ask: Callable[[list[str]], str] = help_of) -> str:
    """The page with every help text as it is now."""
    return HELP.sub(lambda found: f"$ fairy {found[1]}--help\n{ask(found[1].split())}", text)


if __name__ == "__main__":
    REFERENCE.write_text(refreshed(REFERENCE.read_text(encoding="utf-8")), encoding="utf-8")
