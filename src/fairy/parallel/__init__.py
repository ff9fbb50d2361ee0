"""A function over many processes, of this machine or of a cluster. Nothing here knows of editing.

    cluster.py   processes, through Ray: the only file that imports it
    pool.py      who does which task, and what happens when one fails
    tasks.py     a function over many items

Ray (`pip install 'fairy-video[ray]'`) is imported when workers are opened, and never otherwise. The public names are
imported when they are first used.
"""

from typing import TYPE_CHECKING

from fairy.lazy import lazy_names

if TYPE_CHECKING:
    from fairy.parallel.cluster import is_alone as is_alone
    from fairy.parallel.pool import ATTEMPTS as ATTEMPTS
    from fairy.parallel.pool import Workers as Workers
    from fairy.parallel.pool import open_workers as open_workers
    from fairy.parallel.tasks import map_tasks as map_tasks

__getattr__ = lazy_names(
    __name__, {"cluster": "is_alone", "pool": "ATTEMPTS Workers open_workers", "tasks": "map_tasks"}
)
