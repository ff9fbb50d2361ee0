"""What the page keeps on disk, so that a restart of the server or a reload of the page loses nothing. No torch.

    FOLDER/private/CLIP/clip.json, NAME.mp4       a clip that came in
    FOLDER/private/CLIP/JOB/job.json, OUTPUT      a job on it; OUTPUT.fairy/ is its job folder (fairy.jobs.store)
    FOLDER/served/                             all that a browser may ask for: pictures and finished videos
    FOLDER/served/CLIP/NUMBER/                 a variant tried, or what is to be seen of a job

CLIP and JOB are random names, which nobody guesses. Every file is written under another name and moved into place.
"""

from __future__ import annotations

import json
import re
import secrets
import shutil
import threading
import time
from collections.abc import Iterator
from contextlib import suppress
from dataclasses import asdict, dataclass, field, replace
from pathlib import Path
from typing import Any

from fairy.disk.whole import write_text
from fairy.errors import OutputError, UsageError
from fairy.web.settings import Wish, short, suffix_of

WAITING, RUNNING, STOPPED, FAILED, DONE = "waiting", "running", "stopped", "failed", "done"
UNFINISHED = (WAITING, RUNNING, STOPPED, FAILED)
NAME = re.compile(r"[0-9a-f]{16}")
EXAMPLES = "examples"
"""What is served to everybody."""


@dataclass(frozen=True, kw_only=True)
class Clip:
    """A video that came in."""

    name: str
    """Of its file, as it was uploaded."""
    facts: str
    """What it is, in a line."""
    num_frames: int
    size: tuple[int, int]
    """Columns and rows."""
    seconds: float = 0.0
    """That it lasts."""
    owner: str = ""
    """Whose it is: fairy.web.visitors."""


@dataclass(frozen=True, kw_only=True)
class Redo:
    """Frames first <= index < stop once more, with whatever differs from the job's own settings."""

    first: int
    stop: int
    seed: int | None = None
    instruction: str | None = None
    text_guidance: float | None = None


@dataclass(frozen=True, kw_only=True)
class Job:
    """A clip to be edited, or edited already."""

    number: str
    clip: str
    output: str
    """The name of the edited video."""
    wish: Wish
    state: str = WAITING
    message: str = ""
    """Why it is in this state, for a person; empty where that is plain."""
    created: float = field(default_factory=time.time)
    """Seconds since 1970."""
    first_frame: int = 0
    """Index of the first frame that is edited."""
    num_frames: int = 0
    """That are edited."""
    kept: int = 0
    """Frames that were done when it was stopped."""
    notes: tuple[str, ...] = ()
    """What a person should know of the result."""
    seconds: float = 0.0
    """That the editing took, the last time."""
    redone: tuple[Redo, ...] = ()
    """What was rendered again, in order."""
    redoing: Redo | None = None
    """What is to be rendered again next."""


class Shelf:
    """The folder. Safe to use from several threads of one process."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder.absolute()
        self.private, self.served = self.folder / "private", self.folder / "served"
        self._lock = threading.Lock()
        try:
            self.folder.mkdir(parents=True, exist_ok=True)
            for each in (self.private, self.served):
                each.mkdir(exist_ok=True)
                each.chmod(0o700)
        except OSError as error:
            raise OutputError(f"{folder} cannot be worked in ({error.strerror}); choose another --folder") from error

    def add_clip(self, file: Path, name: str, describe: Any) -> str:
        """Take a file in; `describe(path)` gives its Clip, or raises, and then nothing is kept. Returns its number."""
        number = secrets.token_hex(8)
        folder = self.private / number
        folder.mkdir(parents=True)
        try:
            shutil.copyfile(file, folder / safe_name(name))
            write_json(folder / "clip.json", asdict(describe(folder / safe_name(name))))
        except BaseException:
            shutil.rmtree(folder)
            raise
        return number

    def clip(self, number: str) -> Clip:
        """UsageError where it is not here (any more)."""
        stored = read_json(self._folder(number) / "clip.json")
        if stored is None:
            raise UsageError("this video is not here any more; choose or upload it again")
        return Clip(**stored | {"size": tuple(stored["size"])})

    def source(self, number: str) -> Path:
        """The file of a clip."""
        return self._folder(number) / self.clip(number).name

    def add_job(self, clip: str, wish: Wish, frames: range | None = None) -> Job:
        """A new job, waiting; of some frames, or of all."""
        stem = Path(self.clip(clip).name).stem
        slug = re.sub(r"[^a-z0-9]+", "-", wish.instruction.lower()).strip("-")[:40].strip("-") or "edited"
        frames = frames or range(self.clip(clip).num_frames)
        job = Job(
            number=secrets.token_hex(8),
            clip=clip,
            output=f"{stem}-{slug}{suffix_of(wish.codec)}",
            wish=wish,
            first_frame=frames.start,
            num_frames=len(frames),
        )
        self.folder_of(job).mkdir()
        self.save(job)
        return job

    def save(self, job: Job) -> Job:
        """Write it down."""
        write_json(self.folder_of(job) / "job.json", asdict(job))
        return job

    def change(self, number: str, **changes: Any) -> Job:
        """Write down what is new about a job."""
        with self._lock:
            return self.save(replace(self.job(number), **changes))

    def job(self, number: str) -> Job:
        """UsageError where it is not here (any more)."""
        found = next(self.private.glob(f"*/{check_number(number)}/job.json"), None)
        stored = read_json(found) if found else None
        if stored is None:
            raise UsageError("this job is not here any more")
        redone = tuple(Redo(**each) for each in stored["redone"])
        redoing = Redo(**stored["redoing"]) if stored["redoing"] else None
        return Job(
            **stored
            | {
                "wish": Wish(**stored["wish"]),
                "redone": redone,
                "redoing": redoing,
                "notes": tuple(stored.get("notes", ())),
            }
        )

    def jobs(self) -> list[Job]:
        """All of them, the newest first."""
        return sorted(self._jobs(), key=lambda job: job.created, reverse=True)

    def folder_of(self, job: Job) -> Path:
        """Where a job is worked on."""
        return self._folder(job.clip) / job.number

    def output_of(self, job: Job) -> Path:
        """The edited video, where `fairy redo` finds it, too."""
        return self.folder_of(job) / job.output

    def shown(self, *parts: str) -> Path:
        """A folder that browsers may read, made if it is not there."""
        folder = self.served.joinpath(*parts)
        folder.mkdir(parents=True, exist_ok=True)
        return folder

    def num_bytes(self) -> int:
        """What all of it takes on the disk."""
        return sum(map(size_of, self.folder.rglob("*")))

    def sweep_uploads(self, before: float) -> list[str]:
        """Remove what was sent and never became a clip, or is a copy that became one."""
        loose = [path for path in self.served.iterdir() if not NAME.fullmatch(path.name) and path.name != EXAMPLES]
        gone = [path for path in loose if path.is_dir() and newest_change(path) < before]
        for folder in gone:
            shutil.rmtree(folder)
        return [folder.name for folder in gone]

    def sweep(self, before: float) -> list[str]:
        """Remove what nobody has touched since a moment (seconds since 1970), unless it still has work to do."""
        busy = {job.clip for job in self._jobs() if job.state in (WAITING, RUNNING)}
        gone = []
        for name in sorted({path.name for root in (self.private, self.served) for path in root.iterdir()} - busy):
            places = [root / name for root in (self.private, self.served) if (root / name).is_dir()]
            if places and max(map(newest_change, places)) < before:
                gone.append(name)
                for folder in places:
                    shutil.rmtree(folder)
        return gone

    def _jobs(self) -> Iterator[Job]:
        for file in self.private.glob("*/*/job.json"):
            with suppress(UsageError):  # swept away in this very moment
                yield self.job(file.parent.name)

    def _folder(self, number: str) -> Path:
        return self.private / check_number(number)


def check_number(number: str) -> str:
    """A random name of ours, and nothing that leads elsewhere."""
    if not isinstance(number, str) or not NAME.fullmatch(number):
        raise UsageError(f"{short(number)} is no number of a video or job here")
    return number


def safe_name(name: str) -> str:
    """A file's name without anything that a path could be made of."""
    plain = re.sub(r"[^\w .,()+-]+", "-", Path(name.replace("\\", "/")).name).strip(" .-")
    return plain[-80:] or "video"


def write_json(file: Path, value: Any) -> None:
    """Whole or not at all."""
    write_text(file, json.dumps(value, indent=1))


def read_json(file: Path) -> dict[str, Any] | None:
    """None where it is not there."""
    try:
        return dict(json.loads(file.read_text(encoding="utf-8")))
    except FileNotFoundError:
        return None


def newest_change(folder: Path) -> float:
    """When a folder or anything in it was last written."""
    return max(map(changed, [folder, *folder.rglob("*")]))


def changed(path: Path) -> float:
    """When a file was last written; 0 where it has just gone."""
    try:
        return path.stat().st_mtime
    except FileNotFoundError:
        return 0.0


def size_of(path: Path) -> int:
    """Bytes of a file; 0 where it has just gone."""
    try:
        return path.stat().st_size
    except FileNotFoundError:
        return 0
