"""What one visitor may see and do: their own videos, tries and jobs, unless the server is shared by all."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

from fairy.errors import UsageError
from fairy.report import Report
from fairy.web.settings import Wish
from fairy.web.shelf import Clip, Job, Redo
from fairy.web.studio import Studio
from fairy.web.tries import Try
from fairy.web.variants import Variant


@dataclass(frozen=True)
class Visit:
    """The studio as one visitor has it. What is another's answers as what is not there: UsageError."""

    studio: Studio
    owner: str

    def take(self, file: Path) -> str:
        """Take an uploaded video in; its number."""
        return self.studio.take(file, owner=self.owner)

    def take_example(self, name: str) -> str:
        """Take a built-in clip in; its number."""
        return self.studio.take_example(name, self.owner)

    def clip(self, number: str) -> Clip:
        """A video."""
        clip = self.studio.shelf.clip(number)
        if not self._may_see(clip):
            raise UsageError("this video is not here any more; choose or upload it again")
        return clip

    def variants(self, clip: str) -> list[Variant]:
        """All that was tried on a video."""
        self.clip(clip)
        return self.studio.variants(clip)

    def try_wish(self, clip: str, wish: Wish, report: Report) -> Variant:
        """Edit the anchors."""
        self.clip(clip)
        return self.studio.try_wish(clip, wish, report)

    def submit(self, clip: str, wish: Wish) -> Job:
        """Begin to render."""
        self.clip(clip)
        return self.studio.submit(clip, wish)

    def begin_try(self, clip: str, wish: Wish) -> Try:
        """Try in the background, in place of what is tried now."""
        self.clip(clip)
        return self.studio.tries.begin(self.owner, clip, wish, lambda report: self.try_wish(clip, wish, report))

    def latest_try(self) -> Try | None:
        """What was tried last, or is tried now."""
        return self.studio.tries.of(self.owner)

    def job(self, number: str) -> Job:
        """A job."""
        job = self.studio.shelf.job(number)
        if not self._may_see(self.studio.shelf.clip(job.clip)):
            raise UsageError("this job is not here any more")
        return job

    def jobs(self) -> list[Job]:
        """All jobs, the newest first."""
        return [job for job in self.studio.shelf.jobs() if self._may_see(self.studio.shelf.clip(job.clip))]

    def cancel(self, number: str) -> Job:
        """Stop a job."""
        return self.studio.runs.cancel(self.job(number).number)

    def go_on(self, number: str) -> Job:
        """Let a stopped job continue."""
        return self.studio.runs.go_on(self.job(number).number)

    def redo(self, number: str, wanted: Redo) -> Job:
        """Render frames again."""
        return self.studio.runs.redo(self.job(number).number, wanted)

    def _may_see(self, clip: Clip) -> bool:
        return self.studio.config.shared or clip.owner == self.owner
