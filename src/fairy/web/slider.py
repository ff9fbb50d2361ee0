"""A slider between a source and its edit, both moving: it draws the halves of one side-by-side video over each other.

One video, so the two can never drift apart, and any source plays, whatever its codec. Works with a mouse, a finger
and the arrow keys.
"""

from fairy.pictures.sheet import GAP

TEMPLATE = """
<figure class="fairy-slider" data-url="${value}">
  <video src="${value}" muted loop autoplay playsinline preload="auto"></video>
  <canvas role="img" aria-label="The source on the left of the line, the edit on the right"></canvas>
  <figcaption>
    <span>source</span>
    <input type="range" min="0" max="1000" value="500" aria-label="Move the line between source and edit">
    <span>edit</span>
    <button type="button" class="play">Pause</button>
  </figcaption>
</figure>
"""

# The children are looked up each time: Gradio puts new ones in when the value changes.
SCRIPT = """
const find = (what) => element.querySelector(what);
const draw = () => {
  const video = find('video'), canvas = find('canvas'), range = find('input');
  if (video && canvas && range && video.videoWidth) {
    const width = (video.videoWidth - GAP) / 2, height = video.videoHeight;
    if (canvas.width !== width || canvas.height !== height) { canvas.width = width; canvas.height = height; }
    const paint = canvas.getContext('2d'), at = Math.round(width * range.value / 1000);
    paint.drawImage(video, width + GAP, 0, width, height, 0, 0, width, height);
    if (at > 0) paint.drawImage(video, 0, 0, at, height, 0, 0, at, height);
    paint.fillStyle = 'white';
    paint.fillRect(at - Math.max(1, width / 400), 0, Math.max(2, width / 200), height);
  }
  requestAnimationFrame(draw);
};
const follow = (event) => {
  const canvas = find('canvas');
  if (event.target !== canvas || !(event.buttons & 1)) return;
  const box = canvas.getBoundingClientRect();
  find('input').value = 1000 * (event.clientX - box.left) / box.width;
};
element.addEventListener('pointerdown', follow);
element.addEventListener('pointermove', follow);
element.addEventListener('click', (event) => {
  if (!event.target.matches('.play')) return;
  const video = find('video');
  if (video.paused) { video.play(); } else { video.pause(); }
  event.target.textContent = video.paused ? 'Play' : 'Pause';
});
requestAnimationFrame(draw);
""".replace("GAP", str(GAP))

STYLE = """
.fairy-slider { margin: 0; max-width: 640px; }
.fairy-slider video { position: absolute; width: 1px; height: 1px; opacity: 0; pointer-events: none; }
.fairy-slider canvas {
  width: 100%; min-height: 120px; display: block; border-radius: 8px; background: #141518;
  touch-action: pan-y; cursor: ew-resize;
}
.fairy-slider figcaption { display: flex; gap: 10px; align-items: center; padding-top: 8px; }
.fairy-slider input { flex: 1; min-width: 0; }
.fairy-slider .play { border: 1px solid currentColor; border-radius: 6px; padding: 4px 12px; min-height: 32px; }
"""
