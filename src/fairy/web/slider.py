"""A slider between a source and its edit, both moving: it draws the halves of one side-by-side video over each other.

One video, so the two can never drift apart, and any source plays, whatever its codec. Works with a mouse, a finger
and the arrow keys.
"""

from html import escape

from fairy.pictures.sheet import GAP


def slider(url: str, words: str) -> str:
    """The slider of a side-by-side video, with what was asked for."""
    return f"""
<figure class="fairy-slider" data-url="{escape(url)}">
  <video src="{escape(url)}" muted loop autoplay playsinline preload="auto"></video>
  <canvas role="img" aria-label="The source on the left of the line, the edit on the right: {escape(words)}"></canvas>
  <p class="fairy-says">“{escape(words)}”</p>
  <figcaption>
    <span>before</span>
    <input type="range" min="0" max="1000" value="500" aria-label="Move the line between before and after">
    <span>after</span>
    <button type="button" class="play">Pause</button>
  </figcaption>
</figure>
"""


# The children are looked up each time: Gradio puts new ones in when the value changes.
SCRIPT = """
const find = (what) => element.querySelector(what);
const draw = () => {
  const video = find('.fairy-slider video'), canvas = find('canvas'), range = find('input[type=range]');
  if (video && canvas && range && video.videoWidth) {
    const width = (video.videoWidth - GAP) / 2, height = video.videoHeight;
    if (canvas.width !== width || canvas.height !== height) { canvas.width = width; canvas.height = height; }
    const paint = canvas.getContext('2d'), at = Math.round(width * range.value / 1000);
    paint.drawImage(video, width + GAP, 0, width, height, 0, 0, width, height);
    if (at > 0) paint.drawImage(video, 0, 0, at, height, 0, 0, at, height);
    paint.fillStyle = 'white';
    paint.fillRect(at - Math.max(1, width / 400), 0, Math.max(2, width / 200), height);
    paint.beginPath();
    paint.arc(at, height / 2, Math.max(6, width / 45), 0, 7);
    paint.fill();
  }
  requestAnimationFrame(draw);
};
const follow = (event) => {
  const canvas = find('canvas');
  if (!canvas || event.target !== canvas || !(event.buttons & 1)) return;
  const box = canvas.getBoundingClientRect();
  find('input[type=range]').value = 1000 * (event.clientX - box.left) / box.width;
};
element.addEventListener('pointerdown', follow);
element.addEventListener('pointermove', follow);
element.addEventListener('click', (event) => {
  if (!event.target.matches('.play')) return;
  const video = find('video');
  if (video.paused) { video.play().catch(() => {}); } else { video.pause(); }
  event.target.textContent = video.paused ? 'Play' : 'Pause';
});
requestAnimationFrame(draw);
""".replace("GAP", str(GAP))

STYLE = """
.fairy-slider, .fairy-still { margin: 0 !important; position: relative; }
.fairy-slider video { position: absolute; width: 1px; height: 1px; opacity: 0; pointer-events: none; }
.fairy-slider canvas, .fairy-still video, .fairy-still img {
  width: 100%; max-height: min(62vh, 620px); object-fit: contain; display: block; border-radius: 12px;
  background: #141518; margin: 0 !important;
}
.fairy-slider canvas { min-height: 120px; touch-action: pan-y; cursor: ew-resize; }
.fairy-slider .fairy-says {
  position: absolute; top: 10px; right: 10px; margin: 0 !important; padding: 4px 12px; border-radius: 999px;
  background: rgb(15 17 24 / .78); color: white !important; font-size: .95rem; pointer-events: none;
}
.fairy-slider figcaption, .fairy-still figcaption {
  display: flex; gap: 12px; align-items: center; padding-top: 8px; font-size: .9rem; color: var(--body-text-color);
  margin: 0 !important;
}
.fairy-slider input { flex: 1; min-width: 0; width: 0; accent-color: var(--fairy); height: 28px; }
.fairy-slider .play {
  border: 1px solid var(--fairy-edge); border-radius: 8px; padding: 4px 14px; min-height: 36px;
  background: transparent; color: var(--body-text-color); cursor: pointer;
}
"""
