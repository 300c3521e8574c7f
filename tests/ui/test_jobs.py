"""The runner of trainings, rule by rule, with a module that learns nothing. Nothing here waits for a time to pass."""

import ast
import os
import shutil
import signal
import subprocess
import sys
import threading
import time
from pathlib import Path

import pytest
from streamlit.testing.v1 import AppTest

from tests.ui import sleeper
from ui import jobs

ROOT = Path(__file__).parents[2]


class Clock:
    """Time that passes only when it is told to."""

    now = 1000.0

    def __call__(self):
        return self.now


def until(true, what=""):
    """Wait for something that another process or thread does."""
    for _ in range(6000):
        if true():
            return
        time.sleep(0.005)
    pytest.fail(f"waited 30 s in vain {what}")


def exists(pid):
    """Whether a process is there and is no zombie."""
    try:
        return Path(f"/proc/{pid}/stat").read_text().rsplit(")", 1)[1].split()[0] != "Z"
    except (FileNotFoundError, ProcessLookupError):
        return False


@pytest.fixture
def clock():
    return Clock()


@pytest.fixture
def runner(clock):
    one = jobs.Runner(slots=1, clock=clock)
    yield one
    one.close()
    until(lambda: not one._working, "for the slots")


@pytest.fixture
def gate(tmp_path):
    """A file that trainings wait for."""
    return tmp_path / "gate"


def waiting(gate, *more):
    """Arguments of a training that tells its number and then works until the gate opens."""
    return [*more, "--steps", "1", "--gate", str(gate)]


def state(runner, owner):
    return runner.job(owner).state


def ends(runner, owner, how="done"):
    until(lambda: not runner.job(owner).alive, f"for {owner}: {runner.job(owner)}")
    job = runner.job(owner)
    assert job.state == how, job
    return job


def pid(runner, owner):
    """The child of an owner, once it works."""
    until(lambda: runner.job(owner).events, f"for a first word: {runner.job(owner)}")
    return runner.job(owner).events[-1]["pid"]


# ---- one training ----


def test_a_training_tells_its_events_in_order_and_is_done(runner):
    assert runner.job("a") is None
    runner.start("a", sleeper, ["--steps", "5"])
    assert runner.job("a").alive
    job = ends(runner, "a")
    assert [event["step"] for event in job.events] == [0, 1, 2, 3, 4]
    assert job.events[0]["folder"] == job.folder
    assert job.events[0]["pid"] != os.getpid()
    assert (job.error, job.position, job.ahead, job.alive) == ("", 0, 0, False)
    assert not runner.alive("a")


def test_the_childs_environment(runner, monkeypatch, gate):
    monkeypatch.chdir("/")
    runner.start("a", sleeper, waiting(gate, "--how", "environment"))
    until(lambda: len(runner.job("a").events) == 3)
    told, read, step = runner.job("a").events
    assert os.getpriority(os.PRIO_PROCESS, step["pid"]) == min(19, os.nice(0) + jobs.NICE)
    assert told["OPENBLAS_NUM_THREADS"] == told["OMP_NUM_THREADS"] == "1"
    assert Path(told["cwd"]) == ROOT
    assert read == {"stdin": ""}


def test_what_a_learner_types_reaches_no_shell(runner, gate):
    runner.start("a", sleeper, ["--how", f"$(touch {gate}); touch {gate} `touch {gate}`"])
    ends(runner, "a")
    assert not gate.exists()


def test_an_event_is_seen_while_the_training_goes_on(runner, gate):
    runner.start("a", sleeper, waiting(gate))
    pid(runner, "a")
    assert state(runner, "a") == "running"
    gate.touch()
    ends(runner, "a")


def test_a_job_is_a_snapshot(runner):
    runner.start("a", sleeper, [])
    job = ends(runner, "a")
    job.events.clear()
    assert len(runner.job("a").events) == 3


# ---- slots and queue ----


def test_one_queue_first_come_first_served(runner, gate):
    for owner in "abc":
        runner.start(owner, sleeper, waiting(gate))
    assert [state(runner, owner) for owner in "abc"] == ["running", "queued", "queued"]
    assert [(runner.job(owner).position, runner.job(owner).ahead) for owner in "abc"] == [(0, 0), (1, 1), (2, 2)]
    runner.stop("a")
    until(lambda: state(runner, "b") == "running")
    assert (runner.job("c").position, runner.job("c").ahead) == (1, 1)
    runner.stop("c")
    assert state(runner, "c") == "stopped"
    assert (runner.job("c").position, runner.job("c").ahead) == (0, 0)
    gate.touch()
    ends(runner, "b")


def test_as_many_run_as_there_are_slots(clock, gate):
    two = jobs.Runner(slots=2, clock=clock)
    try:
        for owner in "abc":
            two.start(owner, sleeper, waiting(gate))
        assert [state(two, owner) for owner in "abc"] == ["running", "running", "queued"]
        assert two.job("c").ahead == 2
    finally:
        two.close()


def test_a_new_start_replaces_the_owners_training_and_waits_until_the_old_one_is_gone(runner, gate):
    runner.slots = 2
    runner.start("a", sleeper, waiting(gate, "--how", "deaf"))
    old = pid(runner, "a")
    runner.start("a", sleeper, ["--steps", "2"])
    assert state(runner, "a") == "queued"  # never two in one folder
    runner.start("b", sleeper, [])
    ends(runner, "b")  # which does not keep others from starting
    runner._clock.now += jobs.GRACE + 1
    job = ends(runner, "a")
    assert not exists(old)
    assert [event["step"] for event in job.events] == [1]  # it went on from the checkpoint


def test_a_queued_training_that_is_replaced_goes_to_the_end(runner, gate):
    for owner in "abc":
        runner.start(owner, sleeper, waiting(gate))
    runner.start("b", sleeper, waiting(gate))
    assert (runner.job("c").position, runner.job("b").position) == (1, 2)


def test_a_full_queue_refuses_and_says_so(runner, gate, monkeypatch):
    monkeypatch.setattr(jobs, "MAX_QUEUE", 2)
    for owner in "abcd":
        runner.start(owner, sleeper, waiting(gate))
    assert [state(runner, owner) for owner in "abcd"] == ["running", "queued", "queued", "refused"]
    assert not runner.job("d").alive
    assert not runner.alive("d")
    runner.stop("b")
    runner.start("d", sleeper, waiting(gate))
    assert runner.job("d").position == 2


def test_there_are_as_many_slots_as_cores(tmp_path):
    limit = tmp_path / "cpu.max"
    mine = jobs.cores(limit)
    assert 1 <= mine <= os.cpu_count()
    for text, slots in (("max 100000", mine), ("100000 100000", 1), ("50000 100000", 1), ("99900000 100000", mine)):
        limit.write_text(text)
        assert jobs.cores(limit) == slots
    assert jobs.RUNNER.slots >= 1


# ---- how a slot is released ----


def test_stop_ends_the_child_and_keeps_what_it_told(runner, gate):
    runner.start("a", sleeper, waiting(gate))
    child = pid(runner, "a")
    runner.stop("a")
    assert state(runner, "a") == "stopped"
    until(lambda: not exists(child))
    job = runner.job("a")
    assert (job.state, job.error, len(job.events)) == ("stopped", "", 1)
    assert Path(job.folder).is_dir()


def test_who_is_deaf_to_the_first_signal_is_killed_and_holds_its_slot_until_then(runner, gate):
    runner.start("a", sleeper, waiting(gate, "--how", "deaf"))
    child = pid(runner, "a")
    runner.start("b", sleeper, [])
    runner.stop("a")
    runner._clock.now += jobs.GRACE - 0.5
    runner.tidy()
    assert exists(child)
    assert state(runner, "b") == "queued"
    runner._clock.now += 1
    runner.tidy()
    until(lambda: not exists(child))
    ends(runner, "b")


def test_a_child_that_is_killed_fails_by_the_name_of_the_signal_and_frees_its_slot(runner, gate):
    runner.start("a", sleeper, waiting(gate))
    runner.start("b", sleeper, [])
    os.kill(pid(runner, "a"), signal.SIGKILL)
    assert ends(runner, "a", "failed").error == "SIGKILL"
    ends(runner, "b")


def test_a_crash_fails_with_its_last_line(runner):
    runner.start("a", sleeper, ["--fail"])
    job = ends(runner, "a", "failed")
    assert job.error == "ValueError: no such tune"
    assert len(job.events) == 3


def test_a_module_that_is_missing_fails(runner):
    missing = type(os)("core.no_such_module")
    runner.start("a", missing, [])
    assert "core.no_such_module" in ends(runner, "a", "failed").error
    runner.start("b", sleeper, [])
    ends(runner, "b")


@pytest.mark.parametrize("typed", ["a\0b", "\ud800"])
def test_what_no_process_can_be_given_fails_and_frees_the_slot(runner, typed):
    runner.start("a", sleeper, ["--how", typed])
    assert ends(runner, "a", "failed").error
    runner.start("b", sleeper, [])
    ends(runner, "b")


def test_nonsense_long_lines_and_a_cut_line_are_passed_over(runner):
    runner.start("a", sleeper, ["--how", "nonsense"])
    assert [event for event in ends(runner, "a").events if "pid" not in event] == [{"after": "a long line"}]
    runner.start("b", sleeper, ["--how", "cut"])
    assert [event["step"] for event in ends(runner, "b").events] == [0, 1, 2]


def test_only_so_many_events_are_kept(runner, monkeypatch):
    monkeypatch.setattr(jobs, "MAX_EVENTS", 10)
    runner.start("a", sleeper, ["--steps", "25"])
    assert [event["step"] for event in ends(runner, "a").events] == list(range(15, 25))


def test_no_training_is_longer_than_the_limit(runner, gate):
    runner.start("a", sleeper, waiting(gate))
    child = pid(runner, "a")
    for _ in range(int(jobs.MAX_SECONDS / 10)):
        runner._clock.now += 10
        assert state(runner, "a") == "running"
    runner._clock.now += 10
    job = runner.job("a")
    assert (job.state, job.error) == ("stopped", "600 s")
    until(lambda: not exists(child))


def test_no_thread_for_the_lines_of_a_child_fails_and_frees_the_slot(runner, monkeypatch):
    begin = threading.Thread.start

    def start(thread):
        if thread._target == runner._read:
            raise RuntimeError("can't start new thread")
        begin(thread)

    with monkeypatch.context() as patch:
        patch.setattr(threading.Thread, "start", start)
        runner.start("a", sleeper, [])
    assert ends(runner, "a", "failed").error == "can't start new thread"
    runner.start("a", sleeper, [])
    ends(runner, "a")


# ---- heartbeat and folders ----


def test_who_does_not_ask_is_stopped_whether_running_or_queued(runner, gate):
    for owner in "abc":
        runner.start(owner, sleeper, waiting(gate))
    child = pid(runner, "a")
    runner._clock.now += jobs.HEARTBEAT - 1
    assert state(runner, "c") == "queued"
    runner._clock.now += 2
    runner.tidy()
    until(lambda: not exists(child))
    until(lambda: state(runner, "c") == "running")
    assert (state(runner, "a"), state(runner, "b")) == ("stopped", "stopped")


def test_looking_whether_it_is_alive_is_no_heartbeat(runner, gate):
    runner.start("a", sleeper, waiting(gate))
    runner._clock.now += jobs.HEARTBEAT - 1
    assert runner.alive("a")
    runner._clock.now += 2
    runner.tidy()
    assert not runner.alive("a")


def test_the_keeper_ends_what_nobody_asks_for_and_then_itself(gate):
    own = jobs.Runner(slots=1, clock=Clock())
    own.start("a", sleeper, waiting(gate))
    child = pid(own, "a")
    folder = own.job("a").folder
    keeper = own._keeper
    own._clock.now += jobs.HEARTBEAT + 1
    until(lambda: not exists(child))
    own._clock.now += jobs.KEEP
    keeper.join(30)
    assert not keeper.is_alive()
    assert not Path(folder).exists()
    assert own.job("a") is None
    own.start("a", sleeper, [])  # and another one is there when it is needed
    assert own._keeper.is_alive()
    own.close()


def test_a_stopped_training_is_resumed_from_its_folder_until_that_is_deleted(runner, gate):
    runner.start("a", sleeper, waiting(gate))
    folder = Path(runner.job("a").folder)
    until(lambda: (folder / "checkpoint").exists())
    runner.stop("a")
    runner._clock.now += jobs.KEEP - 1
    runner.start("a", sleeper, ["--steps", "3"])
    assert [event["step"] for event in ends(runner, "a").events] == [1, 2]
    assert Path(runner.job("a").folder) == folder
    runner._clock.now += jobs.KEEP + 1
    runner.tidy()
    assert not folder.exists()
    assert runner.job("a") is None


def test_each_owner_has_a_folder_and_discard_takes_it_away_with_the_child(runner, gate):
    runner.slots = 2
    for owner in "ab":
        runner.start(owner, sleeper, waiting(gate, "--how", "deaf"))
    child, folder = pid(runner, "a"), Path(runner.job("a").folder)
    assert folder != Path(runner.job("b").folder)
    runner.discard("a")
    assert not exists(child)
    assert not folder.exists()
    assert runner.job("a") is None
    assert state(runner, "b") == "running"
    runner.discard("nobody")


def test_folders_are_bounded(runner, gate, monkeypatch):
    monkeypatch.setattr(jobs, "MAX_OWNERS", 2)
    runner.start("a", sleeper, waiting(gate))
    first = Path(runner.job("a").folder)
    for owner in "bc":
        runner._clock.now += 1
        runner.start(owner, sleeper, waiting(gate))
    assert runner.job("a") is None
    assert not first.exists()
    until(lambda: state(runner, "b") == "running")
    assert state(runner, "c") == "queued"


def test_close_leaves_neither_children_nor_folders(runner, gate):
    runner.slots = 2
    for owner in "abc":
        runner.start(owner, sleeper, waiting(gate, "--how", "deaf"))
    children = [pid(runner, owner) for owner in "ab"]
    folders = [Path(runner.job(owner).folder) for owner in "abc"]
    runner.close()
    assert not any(map(exists, children))
    assert not any(folder.exists() for folder in folders)


SERVER = """
import sys, time
from tests.ui import sleeper
from ui import jobs
jobs.RUNNER.slots = 2
for who in "ab":
    jobs.start(who, sleeper, ["--steps", "1000000", "--pause", "0.01"])
while not all(jobs.job(who).events for who in "ab"):
    time.sleep(0.01)
for who in "ab":
    print(jobs.job(who).events[0]["pid"], jobs.job(who).folder, flush=True)
sys.stdin.readline()
"""


@pytest.mark.parametrize("end", ["exit", "kill"])
def test_no_child_outlives_the_server(end):
    command = [sys.executable, "-c", SERVER]
    with subprocess.Popen(command, cwd=ROOT, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True) as server:
        told = [server.stdout.readline().split() for _ in range(2)]
        assert all(exists(child) for child, _ in told)
        if end == "kill":
            server.kill()
        else:
            server.stdin.write("\n")
            server.stdin.close()
        server.wait(30)
    for child, folder in told:
        until(lambda child=child: not exists(child), f"for {child}")
        assert Path(folder).exists() == (end == "kill")  # of a server that is killed a small folder stays behind
        shutil.rmtree(folder, ignore_errors=True)


# ---- where there are no child processes ----


@pytest.fixture
def alone(runner, monkeypatch):
    """A host that makes no child processes. Its clock goes on a tenth of a second each time it is read."""

    def refuse(*_, **__):
        raise PermissionError("no child processes here")

    monkeypatch.setattr(subprocess, "Popen", refuse)
    runner.slots = 2
    runner._clock = iter(x / 10 for x in range(10**6)).__next__
    return runner


def test_without_child_processes_the_same_events_come_a_chunk_at_a_time(alone):
    alone.start("a", sleeper, ["--steps", "7"])
    counts = []
    while not counts or alone.alive("a"):
        counts.append(len(alone.job("a").events))
    assert counts == sorted(counts)
    assert 0 < counts[0] < counts[1] < 7
    job = alone.job("a")
    assert (job.state, [event["step"] for event in job.events]) == ("done", list(range(7)))
    assert job.events[0]["pid"] == os.getpid()


def test_without_child_processes_there_is_one_slot(alone):
    for owner in "ab":
        alone.start(owner, sleeper, [])
    assert state(alone, "b") == "queued"
    while alone.alive("a"):
        alone.job("a")
    assert state(alone, "b") == "running"
    alone.stop("b")
    assert state(alone, "b") == "stopped"
    assert not alone._working


def test_without_child_processes_a_crash_fails_too_even_before_the_first_event(alone):
    alone.start("a", sleeper, ["--fail", "--steps", "0"])
    assert alone.job("a").error == "ValueError: no such tune"
    alone.start("a", sleeper, ["--no-such-option"])
    job = alone.job("a")
    assert (job.state, job.error) == ("failed", "SystemExit: 2")
    assert not alone._working


def test_without_child_processes_the_heartbeat_holds_too(alone):
    alone.start("a", sleeper, [])
    while alone._clock() < jobs.HEARTBEAT + 5:
        pass
    alone.tidy()
    assert not alone.alive("a")
    assert not alone._working


def test_two_threads_do_not_advance_one_generator(alone, gate, monkeypatch):
    monkeypatch.setattr(jobs, "CHUNK", 1e6)
    alone.start("a", sleeper, waiting(gate))
    other = threading.Thread(target=alone.job, args=("a",))
    other.start()
    until(lambda: alone._owners["a"].events)
    assert state(alone, "a") == "running"  # and asking did not wait for the other's step
    gate.touch()
    other.join(30)
    ends(alone, "a")


# ---- many at once ----


def test_many_threads_at_once_leave_nothing_behind():
    crowd = jobs.Runner(slots=4)
    failures = []

    def student(name):
        try:
            for turn in range(4):
                crowd.start(name, sleeper, ["--steps", "2"])
                if turn == 1:
                    crowd.stop(name)
                elif turn == 2:
                    crowd.discard(name)
                else:
                    ends(crowd, name)
        except BaseException as failure:
            failures.append(failure)

    students = [threading.Thread(target=student, args=(f"s{i}",)) for i in range(8)]
    for one in students:
        one.start()
    for one in students:
        one.join(120)
    assert not failures
    until(lambda: not crowd._working and not crowd._queue)
    folders = [crowd.job(f"s{i}").folder for i in range(8)]
    assert len(set(folders)) == 8
    crowd.close()
    assert not any(Path(folder).exists() for folder in folders)


# ---- in Streamlit ----


def page():
    import streamlit as st

    from tests.ui import sleeper
    from ui import jobs

    who = jobs.owner("page")
    st.session_state["who"] = who
    st.button("start", on_click=jobs.start, args=(who, sleeper, st.session_state["argv"]))
    st.session_state["page_runs"] = st.session_state.get("page_runs", 0) + 1

    def draw(job):
        st.text(f"{job.state} {len(job.events)}" if job else "none")

    jobs.watch(who, draw)


def test_two_tabs_are_two_owners_and_a_tab_stays_the_same():
    tabs = [AppTest.from_function(page, default_timeout=30) for _ in range(2)]
    for tab in tabs:
        tab.session_state["argv"] = []
        tab.run()
        assert not tab.exception
        assert tab.text[0].value == "none"
    assert tabs[0].session_state["who"] != tabs[1].session_state["who"]
    first = tabs[0].session_state["who"]
    assert tabs[0].run().session_state["who"] == first
    assert first.endswith("/page")


def test_a_page_shows_the_training_and_what_it_came_to(gate):
    tab = AppTest.from_function(page, default_timeout=30)
    tab.session_state["argv"] = waiting(gate)
    tab.run()
    who = tab.session_state["who"]
    try:
        tab.button[0].click().run()
        until(lambda: jobs.job(who).events)
        assert tab.run().text[0].value == "running 1"
        gate.touch()
        until(lambda: not jobs.job(who).alive)
        assert tab.run().text[0].value == "done 1"
        assert not tab.exception
    finally:
        jobs.discard(who)


def test_the_runner_uses_no_cache_of_streamlit():
    tree = ast.parse(Path(jobs.__file__).read_text(encoding="utf-8"))
    used = {node.attr for node in ast.walk(tree) if isinstance(node, ast.Attribute)}
    assert "session_state" in used
    assert not {name for name in used if name.startswith("cache")}
