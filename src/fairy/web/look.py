"""How the page looks: fonts of the system, so that nothing is fetched; one column that fits a phone; clear states."""

from importlib.resources import files
from typing import Any

from fairy.web.slider import STYLE as SLIDER_STYLE

HEAD = """
<meta name="description" content="Edit a whole video by saying what to change.">
<meta name="theme-color" content="#3f4cc4">
<script>
SCRIPT
</script>
""".replace("SCRIPT", files("fairy.web").joinpath("assets", "page.js").read_text(encoding="utf-8"))

STYLE = files("fairy.web").joinpath("assets", "page.css").read_text(encoding="utf-8") + SLIDER_STYLE


def header(shared: bool) -> str:
    """The top of the page."""
    everybody = '<p class="fairy-badge">Shared: everybody here sees all videos and jobs.</p>' if shared else ""
    icon = files("fairy.web").joinpath("assets", "icon.svg").read_text(encoding="utf-8")
    return f"""
<header class="fairy-header">
  {icon.replace("<svg ", '<svg aria-hidden="true" ')}
  <h1>Fairy</h1>
  <p>Say what to change, and the whole video follows.</p>
  {everybody}
</header>
"""


FOOTER = """
<footer class="fairy-footer">
  <a href="?view=api">For programs</a>
  <span>Everything stays on this server.</span>
</footer>
"""


def theme() -> Any:
    """Gradio's own look with the system's fonts; its default would ask a server of fonts."""
    import gradio as gr

    return gr.themes.Default(
        primary_hue="indigo", font=["system-ui", "sans-serif"], font_mono=["ui-monospace", "monospace"]
    )
