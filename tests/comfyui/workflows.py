"""From a workflow as the page of ComfyUI saves it to the graph that its API takes."""

import json
from pathlib import Path
from typing import Any

from server import ComfyUI, Graph


def read_workflow(comfy: ComfyUI, path: Path) -> Graph:
    """The graph of a saved workflow."""
    saved, known = json.loads(path.read_text()), comfy.ask("/object_info")
    links = {link[0]: (str(link[1]), link[2]) for link in saved["links"]}
    return {
        str(node["id"]): {"class_type": node["type"], "inputs": inputs_of(node, known[node["type"]], links)}
        for node in saved["nodes"]
    }


def inputs_of(node: dict[str, Any], known: dict[str, Any], links: dict[int, tuple[str, int]]) -> dict[str, Any]:
    """Values of widgets by their order, and links by their names."""
    offered = {**known["input"]["required"], **known["input"].get("optional", {})}
    names = [name for name, (kind, *_) in offered.items() if is_widget(kind)]
    values = dict(zip(names, node.get("widgets_values", []), strict=False))  # a button for uploads is one more
    linked = {each["name"]: links[each["link"]] for each in node.get("inputs", []) if each.get("link") is not None}
    return values | {name: list(link) for name, link in linked.items()}


def is_widget(kind: Any) -> bool:
    return isinstance(kind, list) or kind in ("INT", "FLOAT", "STRING", "BOOLEAN", "COMBO")
