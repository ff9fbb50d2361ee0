/* What the page does by itself: the title of its tab, the way to a result that has come, a server that is gone. */
(() => {
  const SECONDS_BETWEEN_CALLS = 3;
  let former = '', missed = 0;
  // Gradio puts its own container before every selector of our style sheet, and the body is outside of that.
  const lost = document.createElement('style');
  lost.textContent =
    'body.fairy-lost .fairy-lost-line { display: block !important; } body.fairy-lost .toast-wrap { display: none; }';
  document.head.append(lost);
  const stage = () => document.querySelector('#stage');

  setInterval(() => {
    const bar = document.querySelector('#bar [data-state]');
    if (!bar) return;
    document.title = bar.dataset.title;
    const { state } = bar.dataset;
    if (former === 'running' && state === 'done') stage()?.scrollIntoView({ behavior: 'smooth', block: 'start' });
    former = state;
  }, 400);

  setInterval(async () => {
    try {
      await fetch('gradio_api/app_id', { cache: 'no-store' });
      missed = 0;
    } catch {
      missed += 1;
    }
    document.body.classList.toggle('fairy-lost', missed > 0);
  }, SECONDS_BETWEEN_CALLS * 1000);
})();
