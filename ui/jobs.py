"""Long trainings, so that thirty students do not starve each other.

Each training is a child process, because small NumPy operations of several threads in one process wait for one another;
as many run as the machine has cores, the others wait in a queue that everybody sees. Who is no longer looking has no
training: asking for a job is its heartbeat. Where no child process can be made, the same generator runs in here, a
chunk each time somebody asks.

A trainable module has `events(argv)`, which yields progress, one JSON-able dict at a time, and is a command,
`python -m module ...`, that prints each as a line. Both take `--folder DIR`, where they keep a checkpoint.

A page asks for `owner(slug)`, starts with `start`, and draws with `watch`. All that is kept stands in `RUNNER`, not in
Streamlit's caches, which any visitor can clear for everyone.
"""

from __future__ import annotations

import atexit
import contextlib
import json
import logging
import os
import secrets
import shutil
import signal
import subprocess
import sys
import tempfile
import threading
import time
from collections import deque
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Protocol

import streamlit as st

ROOT = Path(__file__).parent.parent
POLL = 0.7
"""how often a page looks at its training, in seconds"""
HEARTBEAT = 15.0
"""a training that nobody asked for during so many seconds is stopped"""
KEEP = 300.0
"""and after so many its folder is deleted: until then it can be resumed"""
MAX_SECONDS = 600.0
"""no training runs longer"""
GRACE = 2.0
"""seconds from asking a child to end (SIGTERM) to ending it (SIGKILL)"""
CHUNK = 0.3
"""seconds of training for each question, where there are no child processes"""
MAX_QUEUE, MAX_OWNERS, MAX_EVENTS, MAX_LINE = 64, 256, 2000, 1 << 16
NICE = 10
ONE_THREAD = dict.fromkeys(
    ("OPENBLAS_NUM_THREADS", "OMP_NUM_THREADS", "MKL_NUM_THREADS", "VECLIB_MAXIMUM_THREADS"), "1"
)


ALIVE = ("queued", "running")


class Trainable(Protocol):
    """A module that can be trained; see the head of this file."""

    __name__: str

    def events(self, argv: Sequence[str], /) -> Iterator[dict[str, Any]]:
        """Train, telling the progress."""


@dataclass(frozen=True)
class Job:
    """A training as its owner sees it at one moment.

    Attributes:
        state: queued, running, done, stopped (by hand, by the limit of seconds, or because nobody looked), failed, or
            refused (the queue is full).
        ahead: while queued, how many trainings of others run or stand in front; else 0.
        position: while queued, the place in the queue, 1 being the next to start; else 0.
        events: what the training has told, oldest first; the last 2000.
        error: of a failed training the last line it wrote or the name of the signal; of one that reached the limit of
            seconds the limit; else empty. Technical, in no language.
        folder: where the training keeps its checkpoint.
        argv: what it was started with.
    """

    state: str
    ahead: int
    position: int
    events: list[dict[str, Any]]
    error: str
    folder: str
    argv: Sequence[str]

    @property
    def alive(self) -> bool:
        """Whether it is worth asking again."""
        return self.state in ALIVE


class _Training:
    """What the runner knows of one training; its lock guards it."""

    def __init__(self, module: Trainable, argv: Sequence[str], folder: str, asked: float) -> None:
        self.module = module
        self.argv = argv
        self.options: list[str] = ["--folder", folder]
        self.folder = folder
        self.asked = asked
        self.state = "queued"
        self.error = ""
        self.events: deque[dict[str, Any]] = deque(maxlen=MAX_EVENTS)
        self.begun = self.ended = 0.0
        self.process: subprocess.Popen[bytes] | None = None
        self.generator: Iterator[dict[str, Any]] | None = None
        self.advancing = False

    def steps(self) -> Iterator[dict[str, Any]]:
        """The training in this process; nothing of it runs before the first `next`."""
        yield from self.module.events([*self.argv, *self.options])


def cores(quota: Path = Path("/sys/fs/cgroup/cpu.max")) -> int:
    """How many cores this process may use: those it is allowed on, and what its container is granted of them."""
    count = len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1
    with contextlib.suppress(OSError, ValueError):  # no such file, or no limit: "max 100000"
        granted, period = quota.read_text().split()
        count = min(count, int(granted) // int(period))
    return max(1, count)


class Runner:
    """Slots, queue, heartbeat, folders. One for the whole server: `RUNNER`; tests make their own.

    Every public method may be called from any thread. Methods that begin with an underscore are called with the lock
    held, but for `_read` and `_advance`, which take it themselves.
    """

    def __init__(self, slots: int | None = None, clock: Callable[[], float] = time.monotonic) -> None:
        self.slots = slots or cores()
        self._clock = clock
        self._lock = threading.RLock()
        self._owners: dict[str, _Training] = {}
        """the latest training of each owner"""
        self._queue: list[_Training] = []
        self._working: list[_Training] = []
        """each holds a slot, until its process is really gone"""
        self._keeper: threading.Thread | None = None

    # ---- what a page asks for ----

    def start(self, owner: str, module: Trainable, argv: Sequence[str], *, resume: bool = False) -> None:
        """Put a training into the queue, in the place of the owner's last one, whose folder it keeps.

        To `resume` is to go on from the checkpoint in that folder, and from the events that were told.
        """
        with self._lock:
            before = self._owners.get(owner)
            if before:
                self._end(before)
            else:
                self._make_room()
            folder = before.folder if before else tempfile.mkdtemp(prefix="training-")
            self._owners[owner] = training = _Training(module, argv, folder, self._clock())
            if resume and before:
                training.events.extend(before.events)
                training.options.append("--resume")
            if len(self._queue) < MAX_QUEUE:
                self._queue.append(training)
            else:
                training.state = "refused"
            self._tidy()
            if not self._keeper:
                self._keeper = threading.Thread(target=self._keep, daemon=True)
                self._keeper.start()

    def job(self, owner: str) -> Job | None:
        """The owner's training as it stands, or None. Who asks is there: this is the heartbeat."""
        with self._lock:
            training = self._owners.get(owner)
            if not training:
                return None
            training.asked = self._clock()
            self._tidy()
        self._advance(training)
        with self._lock:
            queued = training in self._queue
            position = self._queue.index(training) + 1 if queued else 0
            ahead = len(self._working) + position - 1 if queued else 0
            return Job(
                training.state, ahead, position, list(training.events), training.error, training.folder, training.argv
            )

    def alive(self, owner: str) -> bool:
        """Whether the owner's training waits or runs. No heartbeat."""
        with self._lock:
            training = self._owners.get(owner)
            return training is not None and training.state in ALIVE

    def stop(self, owner: str) -> None:
        """End the owner's training; its events and its folder are kept."""
        with self._lock:
            if owner in self._owners:
                self._end(self._owners[owner])

    def discard(self, owner: str) -> None:
        """End the owner's training and forget it, folder and all."""
        with self._lock:
            if owner in self._owners:
                self._forget(owner)
                self._tidy()

    def tidy(self) -> None:
        """End what nobody looks at and what takes too long, delete old folders, fill the slots."""
        with self._lock:
            self._tidy()

    def close(self) -> None:
        """End all there is; for the end of the server."""
        with self._lock:
            self._queue.clear()
            for owner in list(self._owners):
                self._forget(owner)

    # ---- how it is done ----

    def _tidy(self) -> None:
        now = self._clock()
        for training in (*self._queue, *self._working):
            if now - training.asked > HEARTBEAT:
                self._end(training)
            elif training.state == "running" and now - training.begun > MAX_SECONDS:
                self._end(training, f"{MAX_SECONDS:g} s")
        for training in self._working:
            if training.process and training.state != "running" and now - training.ended > GRACE:
                training.process.kill()
        for owner, training in list(self._owners.items()):
            if now - training.asked > KEEP:
                self._forget(owner)
        self._fill()

    def _fill(self) -> None:
        """Begin what has a slot, first come, first served; never two in one folder, nor beside one in this process."""
        while self._queue:
            taken = {training.folder for training in self._working}
            ready = next((training for training in self._queue if training.folder not in taken), None)
            slots = 1 if any(training.generator for training in self._working) else self.slots
            if not ready or len(taken) >= slots:
                return
            self._queue.remove(ready)
            self._begin(ready)

    def _begin(self, training: _Training) -> None:
        """Give it a slot and a child process, or let it be asked for its steps in this one."""
        training.state, training.begun = "running", self._clock()
        self._working.append(training)
        try:
            process = subprocess.Popen(
                [sys.executable, "-m", training.module.__name__, *training.argv, *training.options],
                cwd=ROOT,
                env=os.environ | ONE_THREAD | {"PYTHONUNBUFFERED": "1", "PYTHONUTF8": "1"},
                stdin=subprocess.DEVNULL,
                stdout=subprocess.PIPE,
                stderr=subprocess.STDOUT,
                creationflags=getattr(subprocess, "BELOW_NORMAL_PRIORITY_CLASS", 0),  # Windows
            )
        except OSError:
            training.generator = training.steps()
            return
        except ValueError as failure:  # an argument that no process can be given, such as a null character
            self._over(training, "failed", str(failure))
            return
        training.process = process
        with contextlib.suppress(OSError, AttributeError):  # it has ended already; or Windows
            os.setpriority(os.PRIO_PROCESS, process.pid, os.nice(0) + NICE)
        try:
            threading.Thread(target=self._read, args=(training, process), daemon=True).start()
        except RuntimeError as failure:  # no more threads
            process.kill()
            self._over(training, "failed", str(failure))

    def _read(self, training: _Training, process: subprocess.Popen[bytes]) -> None:
        """Take the lines of a child until it is gone. What is no event is what its error is looked for in."""
        assert process.stdout is not None
        said, whole = "", True
        try:
            while line := process.stdout.readline(MAX_LINE):
                begins, whole = whole, line.endswith(b"\n")
                if not (begins and whole):
                    continue  # a part of a line that is too long, or of one that was cut off
                event = _event(line)
                if event is None:
                    said = line.decode(errors="replace").strip()[:300] or said
                else:
                    with self._lock:
                        training.events.append(event)
        finally:
            process.stdout.close()
            code = process.wait()
            with self._lock:
                self._over(training, "failed" if code else "done", (said or _exit_name(code)) if code else "")
                self._tidy()

    def _advance(self, training: _Training) -> None:
        """Train on for a chunk, where the training runs in this process; one thread at a time."""
        with self._lock:
            generator = training.generator
            if generator is None or training.advancing or training.state != "running":
                return
            training.advancing = True
        until = self._clock() + CHUNK
        state, error = "running", ""
        try:
            while training.state == state == "running" and self._clock() < until:
                event = next(generator, None)
                if event is None:
                    state = "done"
                else:
                    with self._lock:
                        training.events.append(event)
        except (Exception, SystemExit) as failure:
            state, error = "failed", f"{type(failure).__name__}: {failure}"[:300]
        with self._lock:
            training.advancing = False
            if state != "running":
                self._over(training, state, error)
                self._tidy()

    def _end(self, training: _Training, error: str = "") -> None:
        """Take a training out of the queue, or ask it to end."""
        if training.state not in ALIVE:
            return
        training.state, training.error, training.ended = "stopped", error, self._clock()
        if training in self._queue:
            self._queue.remove(training)
        elif training.process:
            training.process.terminate()
        else:
            self._over(training, "stopped", error)

    def _over(self, training: _Training, state: str, error: str) -> None:
        """It has ended: give its slot back. Whoever runs the server reads in its log why a training failed."""
        if training.state == "running":
            training.state, training.error = state, error
            if state == "failed":
                logging.getLogger(__name__).warning("%s failed: %s", training.module.__name__, error)
        training.generator = None
        if training in self._working:
            self._working.remove(training)

    def _forget(self, owner: str) -> None:
        """End whatever works for this owner, now, and delete its folder."""
        training = self._owners.pop(owner)
        self._end(training)
        for working in self._working:
            if working.folder == training.folder and working.process:
                working.process.kill()
                with contextlib.suppress(subprocess.TimeoutExpired):
                    working.process.wait(GRACE)
        shutil.rmtree(training.folder, ignore_errors=True)

    def _make_room(self) -> None:
        """Forget the owner who looked longest ago, if there are too many."""
        if len(self._owners) >= MAX_OWNERS:
            self._forget(min(self._owners, key=lambda owner: self._owners[owner].asked))

    def _keep(self) -> None:
        """Tidy once a second, until there is nobody left."""
        while True:
            time.sleep(1.0)
            with self._lock:
                self._tidy()
                if not self._owners and not self._working:
                    self._keeper = None
                    return


def _event(line: bytes) -> dict[str, Any] | None:
    """A line as an event, or None if it is not one."""
    try:
        event = json.loads(line)
    except (ValueError, RecursionError):
        return None
    return event if isinstance(event, dict) else None


def _exit_name(code: int) -> str:
    """How a child ended that said nothing: SIGKILL, or its exit code."""
    try:
        return signal.Signals(-code).name
    except ValueError:
        return f"exit {code}"


RUNNER = Runner()
"""The one of this server."""
atexit.register(RUNNER.close)
start, job, stop, discard = RUNNER.start, RUNNER.job, RUNNER.stop, RUNNER.discard


# ---- in Streamlit ----


def owner(slug: str) -> str:
    """Who trains: this tab on this page. A tab that lost its connection and came back is still the same."""
    return f"{st.session_state.setdefault('tab', secrets.token_hex(8))}/{slug}"


def watch(who: str, draw: Callable[[Job | None], None]) -> None:
    """Draw what follows a training, `draw(job)`, again every 0.7 s for as long as it waits or runs.

    It is a fragment of its own, so that no control outside it runs again; when the training begins or ends, the whole
    page runs once, which sets or drops the timer.
    """
    alive = RUNNER.alive(who)

    @st.fragment(run_every=POLL if alive else None)
    def watching() -> None:
        now = job(who)
        if (now is not None and now.alive) != alive:
            st.rerun()
        draw(now)

    watching()
