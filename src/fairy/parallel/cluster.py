"""Processes of this machine or of a cluster, through Ray: the only file that imports it.

A process is set up once and then does one task at a time. Which task goes where, and what happens when a process dies,
is decided in fairy.parallel.pool; here Ray restarts and repeats nothing.
"""

from __future__ import annotations

import os
import signal
import socket
import sys
import threading
from collections.abc import Callable, Iterator, Sequence
from contextlib import AbstractContextManager, ExitStack, contextmanager
from dataclasses import dataclass
from typing import Any, NamedTuple

from fairy.errors import FairyError, MissingPackageError, UsageError, WorkerError

Setup = Callable[[], AbstractContextManager[Any]]
"""Makes what all tasks of a process use, and clears it away."""

AUTO = "auto"
CORES_A_WORKER = 4
"""Without GPUs `auto` starts a process for so many cores: its threads share one model and one bank."""

FAREWELL, ANSWER = 2.0, 5.0
"""Seconds."""


class Outcome(NamedTuple):
    """How a call to a process ended."""

    value: Any = None
    error: BaseException | None = None
    """What was raised there."""
    lost: str = ""
    """Why there is no answer: the process is gone."""


class Process:
    """What runs in a process of its own."""

    def __init__(self) -> None:
        self._state: Any = None
        self._done = 0
        self._stack = ExitStack()

    def prepare(self, setup: Setup) -> None:
        """Make what all tasks use."""
        self._state = self._stack.enter_context(setup())

    def leave(self) -> None:
        """Clear away what was made."""
        self._stack.close()

    def run(self, function: Callable[[Any, Any, Callable[[int], None]], Any], item: Any) -> Any:
        """Do one task."""
        self._done = 0
        return function(self._state, item, self._tell)

    def progress(self) -> int:
        """How far the task is, asked from beside it."""
        return self._done

    def _tell(self, done: int) -> None:
        self._done = done


@dataclass(frozen=True)
class Shared:
    """A value that any process can read, sent once to each machine that asks for it."""

    ref: Any

    def get(self) -> Any:
        """The value; arrays and tensors in it are read-only. LookupError where it is lost with its machine."""
        import ray

        try:
            return ray.get(self.ref)
        except ray.exceptions.ObjectLostError as error:
            raise LookupError(f"a value is lost: {type(error).__name__}") from error


class Cluster:
    """Where processes run."""

    def __init__(self, count: int, num_cpus: int, num_gpus: int) -> None:
        import ray

        self.count = count
        self.share = f"{num_gpus} GPU" if num_gpus else f"{num_cpus} cores"
        self._process = ray.remote(
            num_cpus=num_cpus, num_gpus=num_gpus, max_restarts=0, max_task_retries=0, concurrency_groups={"beside": 1}
        )(Process)

    def start(self) -> Any:
        """A new process, when there is room for it."""
        return self._process.remote()

    def prepare(self, process: Any, setup: Setup) -> Any:
        """Begin to set a process up; what is returned can be waited for."""
        return process.prepare.remote(setup)

    def run(self, process: Any, function: Callable[..., Any], item: Any) -> Any:
        """Begin a task; what is returned can be waited for."""
        return process.run.remote(function, item)

    def progress(self, process: Any) -> Any:
        """Ask how far a process is, while it works; what is returned can be waited for."""
        return process.progress.options(concurrency_group="beside").remote()

    def wait(self, calls: Sequence[Any], seconds: float) -> list[Any]:
        """Those calls that have ended, when one has, or when the time is over."""
        import ray

        ready, _ = ray.wait(list(calls), num_returns=1, timeout=seconds)
        return list(ready)

    def outcome(self, call: Any) -> Outcome:
        """How a call ended."""
        import ray

        try:
            return Outcome(ray.get(call))
        except ray.exceptions.RayTaskError as error:
            return Outcome(error=error.cause)
        except ray.exceptions.RayError as error:
            return Outcome(lost=reason_of(error))

    def kill(self, *processes: Any) -> None:
        """End processes; they have a moment to clear away what they hold, even while they work."""
        import ray

        farewells = [process.leave.options(concurrency_group="beside").remote() for process in processes]
        if farewells:
            ray.wait(farewells, num_returns=len(farewells), timeout=FAREWELL)
        for process in processes:
            ray.kill(process)


def reason_of(error: Exception) -> str:
    """Why a process is gone, in a few words: Ray's own are a page."""
    text = " ".join(str(error).split())
    known = {"connection error code 2": "it was killed or crashed", "node": "its machine is gone", "memory": "memory"}
    return next((words for sign, words in known.items() if sign in text), type(error).__name__)


def share(value: Any) -> Shared:
    """Put a value where every process can read it."""
    import ray

    return Shared(ray.put(value))


def node() -> str:
    """The machine that this process runs on."""
    import ray

    return str(ray.get_runtime_context().get_node_id())


@contextmanager
def joined(workers: int | str, address: str | None, device: str) -> Iterator[Cluster]:
    """A cluster for so many workers: the one at `address`, or one of this machine that lasts as long as the block.

    A program that has called ray.init itself keeps its own. Raises MissingPackageError, UsageError or WorkerError.
    """
    try:
        os.environ.setdefault("RAY_USAGE_STATS_ENABLED", "0")
        os.environ.setdefault("RAY_ENABLE_ZERO_COPY_TORCH_TENSORS", "1")  # nobody writes to a bank
        import ray
    except ImportError as error:
        raise MissingPackageError("many workers need Ray: pip install 'fairy-video[ray]'") from error
    if ray.is_initialized():
        yield plan(workers, device, CORES_A_WORKER)
        return
    with own_signals():
        connect(workers, address)
    try:
        yield plan(workers, device, CORES_A_WORKER if address else num_cores())
    finally:
        ray.shutdown()


def connect(workers: int | str, address: str | None) -> None:
    """Join the cluster at an address, or start one of this machine."""
    import ray
    from ray._private.ray_logging import global_worker_stdstream_dispatcher

    if address and address != AUTO:
        check_answers(address)
    # More workers than cores are allowed here: they take turns.
    cores = max(num_cores(), workers if isinstance(workers, int) else 1)
    where: dict[str, Any] = {"address": address} if address else {"address": "local", "num_cpus": cores}
    try:
        ray.init(**where, include_dashboard=False if not address else None, log_to_driver=False, logging_level="ERROR")
    except (ConnectionError, RuntimeError, ValueError, TimeoutError) as error:
        reason = str(error).strip().splitlines()[0]
        raise WorkerError(
            f"no Ray cluster can be used at {address or 'this machine'}: {reason.rstrip('.')}. It must have this"
            " version of Ray and of Python, and RAY_AUTH_MODE must be set here as it is there."
        ) from error
    # A page of advice on stdout for each process that dies; we say it in a line, and do what is to be done.
    global_worker_stdstream_dispatcher.remove_handler("ray_print_logs")


def check_answers(address: str) -> None:
    """WorkerError where nobody answers at host:port: Ray itself would try for minutes."""
    host, _, port = address.removeprefix("ray://").rpartition(":")
    if not (host and port.isdecimal()):
        raise UsageError(f"--ray-address {address}: must be host:port, such as 10.0.0.1:6379, or auto")
    try:
        socket.create_connection((host, int(port)), ANSWER).close()
    except (OSError, OverflowError) as error:
        raise WorkerError(
            f"no Ray cluster answers at {address} ({error}). Start one with `ray start --head`, or leave"
            " --ray-address out."
        ) from error


@contextmanager
def own_signals() -> Iterator[None]:
    """Ray ends the program at SIGTERM; we want to be interrupted, and keep what is done."""
    if threading.current_thread() is not threading.main_thread():
        yield
        return
    before = signal.getsignal(signal.SIGTERM)
    try:
        yield
    finally:
        signal.signal(signal.SIGTERM, before)


def is_alone(workers: int | str, address: str | None) -> bool:
    """Whether all is to be done in this process."""
    return address is None and (workers == 1 or (workers == AUTO and num_auto() == 1))


def num_auto() -> int:
    """Workers that `auto` means on this machine."""
    import torch

    return torch.cuda.device_count() or max(1, num_cores() // CORES_A_WORKER)


def plan(workers: int | str, device: str, most_cores: int) -> Cluster:
    """How many workers, and what each takes of the machines: a GPU, or its share of the cores, so many at most."""
    import ray

    nodes = [node["Resources"] for node in ray.nodes() if node["Alive"] and node["Resources"].get("CPU")]
    cores = [int(resources["CPU"]) for resources in nodes]
    gpus = sum(int(resources.get("GPU", 0)) for resources in nodes)
    if device.startswith("cuda") or (device == AUTO and gpus):
        if device.startswith("cuda:"):
            raise UsageError(f"--device {device}: each worker has a GPU of its own; give --device cuda")
        if workers != AUTO and int(workers) > gpus:
            raise UsageError(f"--workers {workers}: there are {gpus} GPUs, and each worker needs one")
        if not gpus:
            raise UsageError(f"--device {device}: there is no GPU in the cluster")
        beside = [int(each["CPU"]) // int(each["GPU"]) for each in nodes if each.get("GPU")]
        return Cluster(
            gpus if workers == AUTO else int(workers), num_cpus=max(1, min(CORES_A_WORKER, *beside)), num_gpus=1
        )
    count = sum(max(1, each // CORES_A_WORKER) for each in cores) if workers == AUTO else int(workers)
    return Cluster(count, num_cpus=max(1, min(sum(cores) // count, most_cores, *cores)), num_gpus=0)


def assigned_cores() -> int:
    """Cores that this process has to itself, as a worker."""
    import ray

    return max(1, int(ray.get_runtime_context().get_assigned_resources().get("CPU", 1)))


def num_cores() -> int:
    """Cores that this process may use."""
    return len(os.sched_getaffinity(0)) if sys.platform == "linux" else os.cpu_count() or 1


def in_words(error: BaseException) -> str:
    """An error in one line."""
    text = " ".join(str(error).split())
    return text if isinstance(error, FairyError) else f"{type(error).__name__}: {text}"
