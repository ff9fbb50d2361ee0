"""Pictures of the example workflows, run in ComfyUI's own page: `python tests/comfyui/pictures.py`.

They lie beside the workflows, where ComfyUI's list of templates looks for them, and in docs/images. Needs what
`make test-comfyui` and `make test-web` bring, and downloads the page, which is GPL-3, into .comfyui/ besides.
"""

import json
import shutil
import subprocess
import sys
import tempfile
from io import BytesIO
from pathlib import Path
from typing import Any

from PIL import Image
from playwright.sync_api import Page, sync_playwright
from server import FETCHED, ROOT, ComfyUI

import fairy

PACKAGE = "comfyui-frontend-package==1.32.9"
WORKFLOWS = ROOT / "comfyui" / "example_workflows"
IMAGES = ROOT / "docs" / "images"
CORNER = (90, 190)
"""Where the graph begins in the window: below the page's own bars, and right of them."""
MARGIN = 16
PLAIN = {
    "Comfy.TutorialCompleted": True,
    "Comfy.Minimap.Visible": False,
    "Comfy.Graph.CanvasMenu": False,
    "Comfy.Graph.CanvasInfo": False,
}
"""Settings of the page: nothing but the graph."""
PLACE = """([x, y]) => {
    const nodes = app.graph._nodes
    const left = Math.min(...nodes.map(n => n.pos[0])), top = Math.min(...nodes.map(n => n.pos[1]))
    app.canvas.ds.scale = 1
    app.canvas.ds.offset = [x - left, y - top]
    app.graph.setDirtyCanvas(true, true)
    return [Math.max(...nodes.map(n => n.pos[0] + n.size[0])) - left,
            Math.max(...nodes.map(n => n.pos[1] + n.size[1])) - top]
}"""
TITLE = 30
"""Rows of a node's title, above its position."""


def fetch_page() -> Path:
    """The folder of ComfyUI's page."""
    folder = FETCHED / "page"
    if not folder.exists():
        command = [sys.executable, "-m", "pip", "install", "--quiet", "--no-deps", "--target", str(folder), PACKAGE]
        subprocess.run(command, check=True)
    return folder / "comfyui_frontend_package" / "static"


def show(page: Page, comfy: ComfyUI, workflow: Path) -> Image.Image:
    """The graph after its run."""
    page.evaluate("workflow => app.loadGraphData(workflow)", json.loads(workflow.read_text()))
    page.wait_for_timeout(2000)
    before = set(comfy.ask("/history"))
    page.evaluate("() => app.queuePrompt(0)")
    while not set(comfy.ask("/history")) - before:
        page.wait_for_timeout(200)
    page.wait_for_timeout(4000)  # the previews
    width, height = page.evaluate(PLACE, CORNER)
    page.wait_for_timeout(1000)
    left, top = CORNER[0] - MARGIN, CORNER[1] - TITLE - MARGIN
    clip: Any = {"x": left, "y": top, "width": width + 2 * MARGIN, "height": height + TITLE + 2 * MARGIN}
    return Image.open(BytesIO(page.screenshot(clip=clip))).convert("RGB")


def main() -> None:
    with tempfile.TemporaryDirectory() as folder, sync_playwright() as playwright:
        comfy = ComfyUI(Path(folder) / "base", page=fetch_page())
        (comfy.base / "user" / "default").mkdir(parents=True)
        (comfy.base / "user" / "default" / "comfy.settings.json").write_text(json.dumps(PLAIN))
        shutil.copy(Path(fairy.__file__).parent / "video" / "clips" / "demo.mp4", comfy.base / "input")
        comfy.start()
        browser = playwright.chromium.launch(executable_path=shutil.which("chromium"), args=["--no-sandbox"])
        page = browser.new_page(viewport={"width": 2000, "height": 1400})
        page.goto(comfy.url)
        page.wait_for_function("window.app && app.graph && app.extensionManager", timeout=90_000)
        page.wait_for_timeout(3000)
        for workflow in sorted(WORKFLOWS.glob("*.json")):
            picture = show(page, comfy, workflow)
            picture.save(workflow.with_suffix(".jpg"), quality=85, optimize=True)
            picture.save(IMAGES / f"comfyui-{workflow.stem.replace('_', '-')}.png", optimize=True)
        browser.close()
        comfy.stop()


if __name__ == "__main__":
    main()
