"""Many workers: the same work on several processes, of this machine or of a cluster.

    cluster.py   processes, through Ray: the only file that imports it
    workers.py   who does which task, and what happens when one fails
    tasks.py     a function over many items
    many.py      a job of editing given out
    editing.py   a worker's part of it
    sending.py   files that workers see, or are sent

Ray (`pip install 'fairy-video[ray]'`) is imported when workers are opened, and never otherwise. The public names are
imported when they are first used: workers that edit nothing need no torch.
"""

from typing import TYPE_CHECKING

from fairy.lazy import lazy_names

if TYPE_CHECKING:
    from fairy.parallel.cluster import is_alone as is_alone
    from fairy.parallel.many import ManyWorkers as ManyWorkers
    from fairy.parallel.many import open_many as open_many
    from fairy.parallel.tasks import map_tasks as map_tasks
    from fairy.parallel.workers import ATTEMPTS as ATTEMPTS
    from fairy.parallel.workers import Workers as Workers
    from fairy.parallel.workers import open_workers as open_workers

__getattr__ = lazy_names(
    __name__,
    {
        "cluster": "is_alone",
        "many": "ManyWorkers open_many",
        "tasks": "map_tasks",
        "workers": "ATTEMPTS Workers open_workers",
    },
)
