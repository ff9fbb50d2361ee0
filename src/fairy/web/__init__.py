"""The web page of `fairy ui`: Gradio, and only in here. Uploads, previews, renders, all kept on disk.

The names are imported when they are first used, so that reading settings does not wait for Gradio.
"""

from importlib import import_module
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from fairy.web.server import serve as serve
    from fairy.web.settings import WebConfig as WebConfig

MODULES = {"WebConfig": "settings", "serve": "server"}


def __getattr__(name: str) -> Any:
    if name not in MODULES:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    return getattr(import_module(f"{__name__}.{MODULES[name]}"), name)
