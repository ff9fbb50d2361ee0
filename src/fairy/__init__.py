"""Fairy: instruction-guided video editing with anchor-based cross-frame attention (arXiv 2312.13834).

The public names are imported when they are first used: `import fairy` brings in neither torch nor PyAV.
"""

from typing import TYPE_CHECKING

from fairy.lazy import lazy_names

if TYPE_CHECKING:
    from fairy.config import EditConfig, JobConfig, MaskConfig, ModelConfig, RunConfig, VideoConfig
    from fairy.errors import FairyError, MediaError, MissingPackageError, ModelError, OutputError, UsageError
    from fairy.jobs.edit import EditResult, edit_video
    from fairy.jobs.grid import GridResult, preview_grid
    from fairy.jobs.preview import preview
    from fairy.jobs.recipe import info
    from fairy.jobs.redo import redo
    from fairy.jobs.verify import Verification, verify
    from fairy.method.bank import AnchorBank
    from fairy.method.editor import Editor
    from fairy.models import Model, load

__version__ = "0.1.0"

__all__ = [
    "AnchorBank",
    "EditConfig",
    "EditResult",
    "Editor",
    "FairyError",
    "GridResult",
    "JobConfig",
    "MaskConfig",
    "MediaError",
    "MissingPackageError",
    "Model",
    "ModelConfig",
    "ModelError",
    "OutputError",
    "RunConfig",
    "UsageError",
    "Verification",
    "VideoConfig",
    "__version__",
    "edit_video",
    "info",
    "load",
    "preview",
    "preview_grid",
    "redo",
    "verify",
]

__getattr__ = lazy_names(
    __name__,
    {
        "method.bank": "AnchorBank",
        "config": "EditConfig JobConfig MaskConfig ModelConfig RunConfig VideoConfig",
        "errors": "FairyError MediaError MissingPackageError ModelError OutputError UsageError",
        "jobs.grid": "GridResult preview_grid",
        "jobs.edit": "EditResult edit_video",
        "jobs.preview": "preview",
        "jobs.redo": "redo",
        "jobs.verify": "Verification verify",
        "models": "Model load",
        "method.editor": "Editor",
        "jobs.recipe": "info",
    },
)


def __dir__() -> list[str]:
    return sorted({*globals(), *__all__})
