"""Keep what diffusers and transformers say to developers away from users: log lines and progress bars while loading."""

from collections.abc import Iterator
from contextlib import contextmanager
from logging import CRITICAL

from diffusers.utils import logging as diffusers_logging
from transformers.utils import logging as transformers_logging


@contextmanager
def quiet_libraries() -> Iterator[None]:
    """No log lines and no progress bars inside; everything as it was afterwards."""
    libraries = (diffusers_logging, transformers_logging)
    before = [(library.get_verbosity(), library.is_progress_bar_enabled()) for library in libraries]
    for library in libraries:
        library.set_verbosity(CRITICAL)  # what goes wrong is raised as well, and told by us in one line
        library.disable_progress_bar()
    try:
        yield
    finally:
        for library, (verbosity, had_progress_bar) in zip(libraries, before, strict=True):
            library.set_verbosity(verbosity)
            if had_progress_bar:
                library.enable_progress_bar()
