"""The command line's part on the web page: the command that puts it up."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Annotated

from tyro.conf import arg

from fairy.cli.options import Flag, as_options, plain
from fairy.web.settings import WebConfig

WebOptions = Annotated[WebConfig, arg(constructor=as_options(WebConfig))]


@dataclass(frozen=True, kw_only=True)
class Ui:
    """Put up a web page on which videos are edited in a browser.

    Only this machine can reach it, unless --host says otherwise. Ctrl-C ends it; a render goes on with the next
    start."""

    web: WebOptions = field(default_factory=WebConfig)
    quiet: Flag = False
    """Print nothing but errors."""
    debug: Flag = False
    """Print the traceback of an error."""

    def execute(self) -> None:
        """Serve until Ctrl-C."""
        from fairy.web.server import serve, wait

        with serve(plain(self.web)) as url:
            if not self.quiet:
                print(f"Open {url} in a browser. Ctrl-C ends it; everything is kept in {self.web.folder}.", flush=True)
            try:
                wait()
            except KeyboardInterrupt:
                if not self.quiet:
                    print("Stopped. What was not finished goes on with the next start.")
