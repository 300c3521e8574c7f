"""What stays in the server's memory: of an hour of a class, and of a crowd that came and went.

    python -m benchmarks.memory [--students 100] [--interactions 12000] [--crowd 1000]

The class does what `benchmarks.classroom` does, without pausing to think: 100 students who do something every three
seconds make 120,000 interactions an hour, 12,000 in six minutes. Every 50th is a reload at another step, so that
sessions end and begin. Then a crowd opens the page at once and leaves, and once more: Streamlit keeps up to 128
sessions for two minutes, and what the first crowd left is there for the second. At the end a visitor comes.
"""

import argparse
import asyncio
import random
import time

from benchmarks.classroom import act
from benchmarks.students import PLACES, Tab, megabytes, percentile
from tests.browser.test_browser import Server

RELOAD = 50
"""interactions until a student opens another step"""
LINES = 20
"""of the table"""


async def work(url: str, pid: int) -> None:
    """An hour, compressed, and the growth after its first third, in which caches fill."""
    done, held = 0, {0: megabytes(pid)}

    async def student(number: int) -> None:
        nonlocal done
        rng = random.Random(number)
        while done < OPTIONS.interactions:
            page, step = rng.choice(PLACES)
            async with Tab(url, page, lang=rng.choice(("en", "zh")), predict="false", step=step) as tab:
                for _ in range(RELOAD):
                    if done >= OPTIONS.interactions:
                        return
                    await act(tab, rng)
                    done += 1
                    if done % (OPTIONS.interactions // LINES) == 0:
                        held[done] = megabytes(pid)
                        print(f"{done:8d} interactions {held[done]:6.0f} MB", flush=True)

    await asyncio.gather(*map(student, range(OPTIONS.students)))
    third = held[min(count for count in held if count >= OPTIONS.interactions / 3)]
    last = list(held.values())[-1]
    print(f"{held[0]:.0f} MB at the start; after the first third {third:.0f}, at the end {last:.0f}", end="")
    print(f": {last / third - 1:+.1%}")


async def crowd(url: str, pid: int) -> None:
    """So many at once."""
    before, start = megabytes(pid), time.perf_counter()
    tabs = [Tab(url, *PLACES[number % len(PLACES)][:1], predict="false") for number in range(OPTIONS.crowd)]

    async def visit(tab: Tab) -> float:
        await tab.connect()
        await tab.run()
        return time.perf_counter() - start

    seconds = await asyncio.gather(*map(visit, tabs))
    during = megabytes(pid)
    await asyncio.gather(*(tab.socket.close() for tab in tabs))
    told = f"{before:.0f} MB before, {during:.0f} with {len(tabs)} sessions, {megabytes(pid):.0f} after they left"
    print(
        f"{told}; all served after {max(seconds):.0f} s, half of them after {percentile(seconds, 0.5):.0f} s",
        flush=True,
    )


async def measure(url: str, pid: int) -> None:
    for page, step in PLACES:
        async with Tab(url, page, step=step):
            pass
    await work(url, pid)
    for _ in range(2):
        await crowd(url, pid)
    start = time.perf_counter()
    async with Tab(url, "softmax"):
        print(f"a visitor is served after {1000 * (time.perf_counter() - start):.0f} ms")


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--students", type=int, default=100, help="at most 300")
    parser.add_argument("--interactions", type=int, default=12_000, help="at most 200,000")
    parser.add_argument("--crowd", type=int, default=1000, help="at most 2,000")
    OPTIONS = parser.parse_args()
    OPTIONS.students, OPTIONS.crowd = min(OPTIONS.students, 300), min(OPTIONS.crowd, 2000)
    OPTIONS.interactions = min(max(OPTIONS.interactions, LINES), 200_000)
    with Server() as running:
        asyncio.run(measure(running.url, running.process.pid))
