"""The web page of `fairy ui`: Gradio, and only in here. Uploads, previews, renders, all kept on disk.

The names are imported when they are first used, so that reading settings does not wait for Gradio.
"""

from typing import TYPE_CHECKING

from fairy.lazy import lazy_names

if TYPE_CHECKING:
    from fairy.web.server import serve as serve
    from fairy.web.settings import WebConfig as WebConfig

__getattr__ = lazy_names(__name__, {"server": "serve", "settings": "WebConfig"})
