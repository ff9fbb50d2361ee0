"""Many workers: the same work on several processes, of this machine or of a cluster.

    cluster.py   processes, through Ray: the only file that imports it
    workers.py   who does which task, and what happens when one fails
    tasks.py     a function over many items
    many.py      a job of editing given out
    editing.py   a worker's part of it
    sending.py   files that workers see, or are sent

Ray (`pip install 'fairy-video[ray]'`) is imported when workers are opened, and never otherwise.
"""

from fairy.parallel.cluster import is_alone
from fairy.parallel.many import ManyWorkers, open_many
from fairy.parallel.tasks import map_tasks
from fairy.parallel.workers import ATTEMPTS, Workers, open_workers

__all__ = ["ATTEMPTS", "ManyWorkers", "Workers", "is_alone", "map_tasks", "open_many", "open_workers"]
