"""A class at work: each student on another step of another lesson, doing something every two to four seconds.

    python -m benchmarks.classroom [--students 300] [--seconds 60] [--arrive 20] [--processes 1]
    python -m benchmarks.classroom --url http://127.0.0.1:8080 --pids 12 13

Of ten things that a student does, seven are a control of the step, two a bar of the board, and one turns to the next
step. A wait is the time from the message of a browser to the end of the run that it causes; an opening is the time from
asking for the page to the end of its first run. With `--url` the class visits what runs there, behind a proxy for
instance, and `--pids` are the processes whose CPU and memory are counted.
"""

import argparse
import asyncio
import contextlib
import os
import random
import statistics
import time
from collections import defaultdict
from dataclasses import dataclass, field

from benchmarks.students import PLACES, Tab, cpu_seconds, megabytes, percentile
from tests.browser.test_browser import Server

THINK = 2.0, 4.0
"""seconds from one thing to the next"""
BOARD, TURN = 0.2, 0.1
"""shares of what a student does"""


@dataclass
class Seen:
    """What the class has seen: milliseconds, and what went wrong."""

    openings: list[float] = field(default_factory=list)
    waits: dict[str, list[float]] = field(default_factory=lambda: defaultdict(list))
    """by page"""
    wrong: list[str] = field(default_factory=list)


async def act(tab: Tab, rng: random.Random) -> float:
    """Do one thing: milliseconds until it is there."""
    onward, controls, dice = tab.controls.get("next"), tab.within_reach(), rng.random()
    if onward and not onward.proto.disabled and (dice < TURN or not (tab.board or controls)):
        return await tab.touch(onward, True)
    if tab.board and (dice < TURN + BOARD or not controls):
        return await tab.drag([round(rng.uniform(-5, 5), 1) for _ in range(4)], rng.randrange(4))
    control = rng.choice(controls)
    return await tab.touch(control, control.any_value(rng))


async def student(url: str, number: int, arrives: float, until: float, seen: Seen) -> None:
    """One student, from arriving to the end of the lesson; the first waits are not counted while others arrive."""
    rng = random.Random(number)
    page, step = PLACES[number * 7 % len(PLACES)]  # neighbours are on different pages
    await asyncio.sleep(max(0.0, arrives - time.monotonic()))
    tab, start = Tab(url, page, lang=rng.choice(("en", "zh")), predict="false", step=step), time.perf_counter()
    try:
        async with tab:
            seen.openings.append(1000 * (time.perf_counter() - start))
            while time.monotonic() + (pause := rng.uniform(*THINK)) < until:
                await asyncio.sleep(pause)
                wait = await act(tab, rng)
                if time.monotonic() > until - OPTIONS.seconds:
                    seen.waits[page or "home"].append(wait)
    except (OSError, RuntimeError, TimeoutError) as wrong:
        seen.wrong.append(f"{type(wrong).__name__}: {wrong}")


async def hold(urls: list[str], pids: list[int]) -> None:
    """Hold the class and print what it saw."""
    for url in urls:
        for page, step in PLACES:  # what is loaded once a process is not charged to the class
            async with Tab(url, page, step=step):
                pass
    before, seen, now = sum(map(megabytes, pids)), Seen(), time.monotonic()
    until = now + OPTIONS.arrive + OPTIONS.seconds
    arriving = (now + OPTIONS.arrive * number / OPTIONS.students for number in range(OPTIONS.students))
    students = [
        asyncio.create_task(student(urls[number % len(urls)], number, arrives, until, seen))
        for number, arrives in enumerate(arriving)
    ]
    await asyncio.sleep(OPTIONS.arrive)
    spent, own, start = sum(map(cpu_seconds, pids)), time.process_time(), time.monotonic()
    await asyncio.gather(*students)
    took = time.monotonic() - start
    spent, own = sum(map(cpu_seconds, pids)) - spent, time.process_time() - own
    waits = [wait for page in seen.waits.values() for wait in page]
    print(f"{'':18} {'count':>7} {'p50':>6} {'p95':>6} {'max ms':>7}")
    for name, some in [("openings", seen.openings), *sorted(seen.waits.items()), ("all interactions", waits)]:
        if some:
            middle, slow = statistics.median(some), percentile(some, 0.95)
            print(f"{name:18} {len(some):7d} {middle:6.0f} {slow:6.0f} {max(some):7.0f}")
    print(f"{len(waits) / took:.0f} interactions a second; the students themselves took {own / took:.0%} of a core")
    if pids and waits:
        after = sum(map(megabytes, pids))
        print(f"server: {spent / took:.0%} of a core, {1000 * spent / len(waits):.1f} ms CPU an interaction, ", end="")
        print(f"{before:.0f} MB before, {after:.0f} MB with {OPTIONS.students} students")
    print(f"{len(seen.wrong)} students met an error", *sorted(set(seen.wrong))[:5], sep="\n")


def main() -> None:
    """Start the servers, unless an address is given, and hold the class."""
    print(
        f"{OPTIONS.students} students arrive within {OPTIONS.arrive:g} s and work for {OPTIONS.seconds:g} s; ", end=""
    )
    print(f"{os.cpu_count()} cores, load {os.getloadavg()[0]:.1f} before")
    with contextlib.ExitStack() as stack:
        if OPTIONS.url:
            urls, pids = [OPTIONS.url.rstrip("/")], OPTIONS.pids
        else:
            servers = [stack.enter_context(Server()) for _ in range(OPTIONS.processes)]
            urls, pids = [server.url for server in servers], [server.process.pid for server in servers]
        asyncio.run(hold(urls, pids))


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--students", type=int, default=300, help="at most 600")
    parser.add_argument("--seconds", type=float, default=60.0, help="of work, at most 600")
    parser.add_argument("--arrive", type=float, default=20.0, help="seconds within which all arrive, evenly")
    parser.add_argument("--processes", type=int, default=1, help="servers, which the students take in turn; at most 8")
    parser.add_argument("--url", default="", help="visit this address of this machine instead")
    parser.add_argument("--pids", type=int, nargs="+", default=[], help="its processes, to be measured")
    OPTIONS = parser.parse_args()
    OPTIONS.students, OPTIONS.processes = min(OPTIONS.students, 600), min(OPTIONS.processes, 8)
    OPTIONS.seconds = min(OPTIONS.seconds, 600.0)
    main()
