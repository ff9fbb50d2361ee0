"""How the page looks: fonts of the system, so that nothing is fetched; one column that fits a phone; clear states."""

from typing import Any

from fairy.web.slider import STYLE as SLIDER_STYLE

HEAD = ""
HEADER = """
<header class="fairy-header">
  <h1>Fairy</h1>
  <p>Edit a whole video by saying what to change. <b>1</b> choose a video, <b>2</b> click or type an instruction,
  <b>3</b> render.</p>
</header>
"""

STYLE = (
    """
.gradio-container { max-width: 1080px !important; margin: auto; }
:root { --body-text-color-subdued: #565d6b; --block-info-text-color: #565d6b; --input-placeholder-color: #6b7280; }
.dark { --body-text-color-subdued: #b4bac6; --block-info-text-color: #b4bac6; --input-placeholder-color: #a2a8b4; }
.gradio-container .html-container { padding: 0 !important; }
#source button[aria-label^="Trim"], #source button[aria-label^="Reset"] { display: none; }
.fairy-header h1 { font-size: 2rem; margin: 0; }
.fairy-header p { margin: 0; }
.fairy-step h2 { font-size: 1.25rem; margin: 12px 0 0; }
.fairy-line { margin: 4px 0; padding: 6px 10px; border-radius: 6px; background: var(--background-fill-secondary); }
.fairy-line.error { background: #fde8e8; color: #8a1212; border-left: 4px solid #c81e1e; }
.fairy-line.good { background: #e6f4ea; color: #14532d; border-left: 4px solid #15803d; }
.dark .fairy-line.error { background: #4a1414; color: #ffd9d9; }
.dark .fairy-line.good { background: #123820; color: #d3f5df; }
.fairy-faint { color: var(--body-text-color-subdued); margin: 0; font-size: .9rem; }
.fairy-job h3 { margin: 0; font-size: 1.15rem; }
.fairy-job progress {
  width: 100%; height: 16px; margin-top: 8px; border: 0; border-radius: 8px; overflow: hidden; appearance: none;
  background: #dfe2ea; color: #4f46e5;
}
.fairy-job progress::-webkit-progress-bar { background: #dfe2ea; }
.fairy-job progress::-webkit-progress-value { background: #4f46e5; }
.fairy-job progress::-moz-progress-bar { background: #4f46e5; }
.fairy-choices {
  display: grid; grid-template-columns: repeat(auto-fill, minmax(98px, 1fr)); gap: 10px; margin-top: 8px;
}
.fairy-choices button {
  display: flex; flex-direction: column; text-align: left; padding: 4px; border-radius: 8px; cursor: pointer;
  border: 2px solid var(--border-color-primary); background: var(--background-fill-primary);
}
.fairy-choices button:hover, .fairy-choices button[aria-pressed=true] { border-color: var(--color-accent); }
.fairy-choices img { margin: 0 !important; width: 100%; height: 92px; object-fit: cover; border-radius: 5px; }
.fairy-choices span { font-size: .85rem; font-weight: 500; padding-top: 4px; overflow-wrap: anywhere; }
#tried .fairy-choices { grid-template-columns: repeat(auto-fill, minmax(150px, 1fr)); }
#tried .fairy-choices img { height: 112px; object-fit: contain; background: #141518; }
.fairy-pairs { display: grid; grid-template-columns: repeat(auto-fill, minmax(min(100%, 420px), 1fr)); gap: 14px; }
.fairy-pairs figure, .fairy-pairs a { display: block; margin: 0; }
.fairy-pairs img {
  width: 100%; max-height: 420px; object-fit: contain; border-radius: 8px; background: #141518;
  display: block; margin: 0 !important;
}
.fairy-pairs figcaption { font-size: .85rem; margin: 3px 0 0 !important; }
.fairy-job img { max-width: 100%; width: 384px; border-radius: 8px; display: block; margin-top: 8px; }
.fairy-chips { gap: 8px !important; flex-wrap: wrap !important; }
.fairy-chips button { flex: 0 1 auto !important; min-width: 0 !important; min-height: 40px; font-size: .9rem; }
.fairy-jobs label { width: 100%; }
.fairy-jobs .wrap { flex-direction: column; max-height: 320px; overflow-y: auto; flex-wrap: nowrap; }
button:focus-visible, input:focus-visible, textarea:focus-visible {
  outline: 3px solid var(--color-accent); outline-offset: 1px;
}
"""
    + SLIDER_STYLE
)


def theme() -> Any:
    """Gradio's own look with the system's fonts; its default would ask a server of fonts."""
    import gradio as gr

    return gr.themes.Default(
        primary_hue="indigo", font=["system-ui", "sans-serif"], font_mono=["ui-monospace", "monospace"]
    )
