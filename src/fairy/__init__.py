"""Fairy: instruction-guided video editing with anchor-based cross-frame attention (arXiv 2312.13834).

The public names are imported when they are first used: `import fairy` brings in neither torch nor PyAV.
"""

from typing import TYPE_CHECKING

from fairy.lazy import lazy_names

if TYPE_CHECKING:
    from fairy.config import EditConfig, JobConfig, MaskConfig, ModelConfig, RunConfig, VideoConfig
    from fairy.errors import FairyError, MediaError, MissingPackageError, ModelError, OutputError, UsageError
    from fairy.jobs.calls import edit_video, preview, preview_grid
    from fairy.jobs.grid import GridResult
    from fairy.jobs.recipe import info
    from fairy.jobs.redo import redo
    from fairy.jobs.result import EditResult
    from fairy.jobs.verify import Verification, verify
    from fairy.method.bank import AnchorBank
    from fairy.method.editor import Editor
    from fairy.models import Model, load
    from fairy.pictures.upsample import carry

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
    "carry",
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
        "jobs.calls": "edit_video preview preview_grid",
        "jobs.grid": "GridResult",
        "jobs.result": "EditResult",
        "jobs.redo": "redo",
        "jobs.verify": "Verification verify",
        "models": "Model load",
        "pictures.upsample": "carry",
        "method.editor": "Editor",
        "jobs.recipe": "info",
    },
)


def __dir__() -> list[str]:
    return sorted({*globals(), *__all__})
