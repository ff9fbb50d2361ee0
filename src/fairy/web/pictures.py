"""Pictures on the page: to look at, and to click. Each has its words below it; all of them work with the keyboard."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from html import escape
from pathlib import Path
from urllib.parse import quote

from fairy.web.variants import Variant, differences

CLICKS = """
element.addEventListener('click', (event) => {
  const button = event.target.closest('button[data-pick]');
  if (button) trigger('click', {pick: button.dataset.pick});
});
"""
"""For a gr.HTML with buttons that have data-pick: a click on one is an event whose data has `pick`."""


def url_of(path: Path) -> str:
    """Where a browser finds a file that may be served; relative, so that it holds behind a proxy, too."""
    return f"gradio_api/file={quote(str(path))}"


def choices(pictures: Iterable[tuple[str, Path, str]], chosen: Iterable[str] = ()) -> str:
    """Pictures to click, each (what a click picks, the file, the words)."""
    pressed = set(chosen)
    buttons = (
        f'<button type="button" data-pick="{escape(pick)}" aria-pressed="{str(pick in pressed).lower()}">'
        f'<img src="{url_of(file)}" alt="" loading="lazy"><span>{escape(words)}</span></button>'
        for pick, file, words in pictures
    )
    return f'<div class="fairy-choices">{"".join(buttons)}</div>'


def still(source: Path) -> str:
    """A video that came in, playing."""
    return (
        f'<figure class="fairy-still"><video src="{url_of(source)}" muted loop autoplay playsinline controls'
        f' aria-label="Your video"></video></figure>'
    )


def newest(picture: Path) -> str:
    """The newest frame of a job that runs."""
    return (
        f'<figure class="fairy-still"><img src="{url_of(picture)}" alt="The newest finished frame">'
        "<figcaption>The newest finished frame</figcaption></figure>"
    )


def with_sound(video: Path) -> str:
    """A finished video by itself."""
    return (
        '<details class="fairy-alone"><summary>Watch the edited video alone, with its sound</summary>'
        f'<figure class="fairy-still"><video src="{url_of(video)}" controls playsinline preload="none"'
        ' aria-label="The edited video"></video></figure></details>'
    )


def pairs(variant: Variant, folder: Path) -> str:
    """The frames of a variant, each source beside its edit; a click shows one alone in its full size."""
    figures = (
        f'<figure><a href="{url_of(folder / shown.pair)}" target="_blank">'
        f'<img src="{url_of(folder / shown.pair)}" alt="Source and edit at {shown.seconds:.2f} s"></a>'
        f"<figcaption>{escape(shown.caption)}</figcaption></figure>"
        for shown in variant.shown
    )
    return f'<div class="fairy-pairs">{"".join(figures)}</div>'


def tried(variants: Sequence[Variant], folder: Path, chosen: int) -> str:
    """All variants of a clip, to be compared and clicked; nothing where there is only one."""
    if len(variants) < 2:
        return ""
    pictures = (
        (str(each.number), folder / str(each.number) / middle(each), differences(each, variants)) for each in variants
    )
    words = "<p>Tried so far. Click one to have its settings back.</p>"
    return words + choices(pictures, [str(chosen)])


def middle(variant: Variant) -> str:
    """The picture that stands for a variant: its middle anchor, the same frame in all with as many anchors."""
    anchors = [shown for shown in variant.shown if shown.anchor] or variant.shown
    return anchors[len(anchors) // 2].edited


def strip(frames: Sequence[Path], first: int, last: int) -> str:
    """Frames of a finished video to pick from; those from first to last are chosen."""
    named = [(path.stem, path, str(int(path.stem))) for path in frames]
    return choices(named, [stem for stem, _, words in named if first <= int(words) <= last])
