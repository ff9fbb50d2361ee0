"""Many workers: the same work on several processes, of this machine or of a cluster.

Ray (`pip install 'fairy-video[ray]'`) is imported when workers are opened, and never otherwise.
"""

from fairy.parallel.tasks import map_tasks
from fairy.parallel.workers import ATTEMPTS, Workers, open_workers

__all__ = ["ATTEMPTS", "Workers", "map_tasks", "open_workers"]
