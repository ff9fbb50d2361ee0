"""Fetch the photographs that training uses: `python scripts/fetch_photographs.py runs/photographs`, about 300 MB.

They lie in Debian packages, which `apt-get download` gets and `dpkg-deb` opens; nothing is installed. Each is checked
against the sha256 of src/fairy/lab/synthetic/assets/photographs.tsv (written with Debian 12), scaled down to a longer
side of 1024 pixels and kept as JPEG; what is already in the folder is not fetched again. Afterwards
`export FAIRY_PHOTOGRAPHS=runs/photographs`. `--table` prints the list with licences and authors in Markdown instead.
"""

import argparse
import hashlib
import io
import struct
import subprocess
import sys
import tarfile
import tempfile
from collections.abc import Iterator
from itertools import groupby
from pathlib import Path

from PIL import Image, ImageOps

from fairy.lab.synthetic.photographs import Photograph, catalogue, fetched_path

LONG_SIDE = 1024
QUALITY = 92
Image.MAX_IMAGE_PIXELS = None  # wallpapers are large


def fetch(folder: Path) -> list[Photograph]:
    """Get what is missing in `folder`; returns the photographs that could not be had."""
    folder.mkdir(parents=True, exist_ok=True)
    wanted = [each for each in catalogue() if not each.in_wheel and not fetched_path(folder, each).exists()]
    missing: list[Photograph] = []
    for package, group in groupby(sorted(wanted, key=lambda each: each.package), key=lambda each: each.package):
        photographs = list(group)
        sys.stdout.write(f"{package}: {len(photographs)} photographs\n")
        missing += fetch_package(package, photographs, folder)
    return missing


def fetch_package(package: str, photographs: list[Photograph], folder: Path) -> list[Photograph]:
    """Get the photographs of one package; returns those that it does not hold as they were."""
    waiting = {photograph.path: photograph for photograph in photographs}
    with tempfile.TemporaryDirectory() as scratch:
        done = subprocess.run(
            ["apt-get", "-o", "APT::Sandbox::User=root", "download", package],
            cwd=scratch,
            stdout=subprocess.DEVNULL,
            check=False,
        )
        for archive in Path(scratch).glob("*.deb") if done.returncode == 0 else ():
            for path, content in read_package(archive, {path.split("!")[0] for path in waiting}):
                photograph = waiting.get(path)
                if photograph and hashlib.sha256(content).hexdigest() == photograph.sha256:
                    keep(content, fetched_path(folder, photograph))
                    del waiting[path]
    return list(waiting.values())


def read_package(archive: Path, wanted: set[str]) -> Iterator[tuple[str, bytes]]:
    """The wanted files of a Debian package; those of a resource archive under ARCHIVE!PATH."""
    command = ["dpkg-deb", "--fsys-tarfile", str(archive)]
    with (
        subprocess.Popen(command, stdout=subprocess.PIPE) as process,
        tarfile.open(fileobj=process.stdout, mode="r|") as tar,
    ):
        for member in tar:
            path = member.name.removeprefix("./")
            if path not in wanted or (file := tar.extractfile(member)) is None:
                continue
            if path.endswith(".rcc"):
                yield from ((f"{path}!{inner}", content) for inner, content in read_resources(file.read()))
            else:
                yield path, file.read()


def read_resources(archive: bytes) -> Iterator[tuple[str, bytes]]:
    """The files of one of Qt's binary resource archives, but the compressed ones, which pictures are not.

    A header of five big-endian numbers (magic, version, offsets of tree, data and names), then nodes of 14 bytes (22
    since version 2): offset of the name, flags, and for a folder the number of its children and the first one's
    place, for a file its locale and the offset of its data (Qt's tools/rcc/rcc.cpp).
    """
    version, tree, data, names = struct.unpack_from(">4I", archive, 4)
    node_size = 14 if version < 2 else 22

    def walk(node: int, path: str) -> Iterator[tuple[str, bytes]]:
        name_at, flags, first, second = struct.unpack_from(">IHII", archive, tree + node * node_size)
        if node:
            length = struct.unpack_from(">H", archive, names + name_at)[0]
            start = names + name_at + 6
            path = f"{path}/{archive[start : start + 2 * length].decode('utf-16-be')}"
        if flags & 2:
            for child in range(second, second + first):
                yield from walk(child, path)
        elif not flags & 5:
            size = struct.unpack_from(">I", archive, data + second)[0]
            yield path, archive[data + second + 4 : data + second + 4 + size]

    return walk(0, "")


def keep(content: bytes, path: Path) -> None:
    """Write a picture, scaled down, whole or not at all."""
    part = path.with_suffix(".part")
    with Image.open(io.BytesIO(content)) as image:
        image.draft("RGB", (2 * LONG_SIDE, 2 * LONG_SIDE))
        picture = ImageOps.exif_transpose(image).convert("RGB")
    picture.thumbnail((LONG_SIDE, LONG_SIDE), Image.Resampling.LANCZOS)
    picture.save(part, "JPEG", quality=QUALITY, subsampling=0)
    part.rename(path)


def table() -> str:
    """The catalogue in Markdown."""
    lines = ["| photograph | split | package | licence | author |", "| --- | --- | --- | --- | --- |"]
    for each in catalogue():
        split = "held out" if each.split == "heldout" else each.split
        lines.append(f"| {each.name} | {split} | {each.package} | {each.licence} | {each.author} |")
    return "\n".join(lines)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("folder", type=Path, nargs="?", default=Path("runs/photographs"))
    parser.add_argument("--table", action="store_true", help="print the list in Markdown and fetch nothing")
    options = parser.parse_args()
    if options.table:
        sys.stdout.write(f"{table()}\n")
        return
    missing = fetch(options.folder)
    sys.stdout.write(f"{options.folder} has {len(list(options.folder.glob('*.jpg')))} photographs\n")
    if missing:
        names = ", ".join(f"{each.name} ({each.package})" for each in missing)
        sys.exit(f"{len(missing)} could not be had here, or are not what they were: {names}")


if __name__ == "__main__":
    main()
