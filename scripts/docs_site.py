"""What the site has besides docs/: pages from elsewhere in the repository, and the list of all files (mkdocs' hooks).

Links are written for the repository, so that they work there, too. Where a page stands elsewhere in the site, or what
it links to does, they are turned.
"""

from __future__ import annotations

import ast
import os
import re
from collections.abc import Iterator
from pathlib import Path, PurePosixPath

from mkdocs.config.defaults import MkDocsConfig
from mkdocs.structure.files import File, Files
from mkdocs.structure.pages import Page

ROOT = Path(__file__).parents[1]
PACKAGE = ROOT / "src" / "fairy"
FROM_ELSEWHERE = {
    "CHANGELOG.md": "reference/changelog.md",
    "CONTRIBUTING.md": "how/contributing.md",
    "src/fairy/models/embedded/README.md": "lab/embedded-model.md",
}
"""Files of the repository, and where they stand in the site; and all of benchmarks/."""
LINK = re.compile(r"(?<=\]\()(?![a-z]+:|#)([^)#\s]+)")
TREE = "how/tree.md"


def placed() -> dict[str, str]:
    """Paths in the repository of all that is not in docs/, with their paths in the site."""
    results = (path.relative_to(ROOT).as_posix() for path in sorted((ROOT / "benchmarks").iterdir()))
    return FROM_ELSEWHERE | {path: path for path in results}


def in_site(path: str, place: dict[str, str]) -> str:
    """Where a path of the repository stands in the site."""
    return place.get(path) or path.removeprefix("docs/")


def on_files(files: Files, config: MkDocsConfig) -> Files:
    """Add the pages from elsewhere."""
    for path, target in placed().items():
        files.append(File.generated(config, target, abs_src_path=str(ROOT / path)))
    files.append(File.generated(config, TREE, content=tree()))
    return files


def on_page_markdown(markdown: str, page: Page, **_: object) -> str:
    """Turn links for the place that the page and its targets have in the site."""
    place = placed()
    home = next((path for path, target in place.items() if target == page.file.src_uri), f"docs/{page.file.src_uri}")
    return LINK.sub(lambda link: turned(link[1], home, place), markdown)


def turned(link: str, home: str, place: dict[str, str]) -> str:
    """A link of the file `home`, as it is in the site."""
    target = os.path.normpath(PurePosixPath(home).parent / link)
    return os.path.relpath(in_site(target, place), PurePosixPath(in_site(home, place)).parent)


def tree() -> str:
    """Every file of the package with the first sentence of its docstring."""
    head = "# Every file\n\nWhat stands in `src/fairy/`, by room: the first sentence of each file's own docstring.\n"
    return "\n".join([head, *rooms()])


def rooms() -> Iterator[str]:
    """A table for each folder of the package."""
    for folder in sorted({path.parent for path in PACKAGE.rglob("*.py")}):
        yield f"## {folder.relative_to(PACKAGE.parent).as_posix()}/\n"
        yield "| | |\n| --- | --- |"
        yield from (f"| `{path.name}` | {first_sentence(path)} |" for path in sorted(folder.glob("*.py")))
        yield ""


def first_sentence(path: Path) -> str:
    """Of a module's docstring, fit for a cell of a table."""
    text = " ".join((ast.get_docstring(ast.parse(path.read_text(encoding="utf-8"))) or "").split("\n\n")[0].split())
    return re.split(r"(?<=[.;:]) ", text)[0].rstrip(";:").replace("|", "\\|")
