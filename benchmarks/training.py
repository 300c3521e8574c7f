"""What trainings cost the others: a slider is moved again and again while 0, 2, 5, 10 students train.

    python -m benchmarks.training [--seconds 20] [--trainings 0 2 5 10] [--module tunes]

One server on the loopback for each row, and for each student a tab without a browser: it speaks Streamlit's protocol
and polls as a browser does. A click is the time from the slider's message to the end of the run that it caused.
"""

import argparse
import asyncio
import os
import statistics
import time

from benchmarks.students import Tab, percentile
from tests.browser.test_browser import Server

THINK = 0.25
"""seconds between two clicks"""


async def train(url: str, number: int) -> tuple[int, float]:
    """A student who trains and watches: (steps reached, seconds from the start to the end, waiting and all)."""
    start = time.perf_counter()
    argv = ["--seed", str(number), "--seconds", str(SECONDS)]
    if OPTIONS.module == "race":
        argv = ["--seed", str(number), "--seconds", str(SECONDS / 2), "--contestants", "full,sampled-loguniform-64"]
    async with Tab(url, train=argv, module=[OPTIONS.module]) as tab:
        while tab.timer:
            await asyncio.sleep(tab.interval)
            await tab.run(tab.timer, by_timer=True)
        state, steps, *error = tab.text.split(" ", 2)
        if state != "done":
            raise RuntimeError(f"a training ended as {state} {error}")
        return int(steps), time.perf_counter() - start


async def click(url: str, enough: asyncio.Event) -> list[float]:
    """Another student: milliseconds of each click, until it is enough."""
    waits = []
    async with Tab(url) as tab:
        (slider,) = tab.controls.values()
        for _ in range(5):
            await tab.touch(slider, [1.0])
        while not enough.is_set():
            waits.append(await tab.touch(slider, [round(0.1 + len(waits) % 49 / 10, 1)]))
            await asyncio.sleep(THINK)
    return waits


async def measure(url: str, trainings: int) -> str:
    enough = asyncio.Event()
    clicking = asyncio.create_task(click(url, enough))
    await asyncio.sleep(2)
    reached = await asyncio.gather(*(train(url, number) for number in range(trainings)))
    if not trainings:
        await asyncio.sleep(SECONDS)
    enough.set()
    waits = await clicking
    told = f"{statistics.median(waits):8.0f} {percentile(waits, 0.95):6.0f} {max(waits):6.0f} {len(waits):7d}"
    if reached:
        steps = [steps for steps, _ in reached]
        told += f"{min(steps):8d} - {max(steps):<6d} {max(seconds for _, seconds in reached):8.0f} s"
    return told


def main() -> None:
    """Print the table."""
    print(f"{os.cpu_count()} cores, load {os.getloadavg()[0]:.1f} before; each training has {SECONDS:g} s of a core")
    print("trainings click p50    p95 max ms  clicks    steps reached  all done")
    for trainings in OPTIONS.trainings:
        with Server("tests/browser/training_app.py") as server:
            print(f"{trainings:9d} {asyncio.run(measure(server.url, trainings))}", flush=True)


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--seconds", type=float, default=20.0, help="CPU seconds of each training, at most 60")
    parser.add_argument("--trainings", type=int, nargs="+", default=[0, 2, 5, 10], help="how many, each at most 30")
    parser.add_argument("--module", choices=("tunes", "race"), default="tunes", help="what is trained")
    OPTIONS = parser.parse_args()
    SECONDS = min(OPTIONS.seconds, 60.0)
    OPTIONS.trainings = [min(trainings, 30) for trainings in OPTIONS.trainings]
    main()
