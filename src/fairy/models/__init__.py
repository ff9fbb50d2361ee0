"""Models: load a diffusers folder or hub id into one frozen bundle, whatever family of editors it belongs to.

    loading.py   from a name to a `Model` (bundle.py), which knows its family, its configuration and its identity
    family.py    what a family of editors is; families/ one file or folder each
    folder.py    a model on disk; hub.py on the hub; catalog.py what is here

The names are imported when they are first used, so that listing models does not wait for torch.
"""

from typing import TYPE_CHECKING

from fairy.lazy import lazy_names

if TYPE_CHECKING:
    from fairy.models.bundle import Model as Model
    from fairy.models.catalog import ModelEntry as ModelEntry
    from fairy.models.catalog import list_models as list_models
    from fairy.models.defaults import Defaults as Defaults
    from fairy.models.loading import load as load
    from fairy.models.loading import load_config as load_config

__getattr__ = lazy_names(
    __name__,
    {"bundle": "Model", "catalog": "ModelEntry list_models", "defaults": "Defaults", "loading": "load load_config"},
)
