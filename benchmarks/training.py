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
from urllib.parse import urlencode, urlsplit

import websockets
from streamlit.proto.BackMsg_pb2 import BackMsg
from streamlit.proto.ForwardMsg_pb2 import ForwardMsg

from tests.browser.test_browser import Server

THINK = 0.25
"""seconds between two clicks"""


class Tab:
    """One tab: runs the page or one fragment of it, and keeps the slider, the timer and the text that it was sent."""

    def __init__(self, url: str, **query: list[str]) -> None:
        self.url = url
        self.query = urlencode(query, doseq=True)
        self.slider = self.text = self.fragment = ""
        self.interval = 0.0

    async def __aenter__(self):
        address = f"ws://{urlsplit(self.url).netloc}/_stcore/stream"
        self.socket = await websockets.connect(
            address, subprotocols=["streamlit", "none"], origin=self.url, max_size=None, compression=None, proxy=None
        )
        await self.run()
        return self

    async def __aexit__(self, *_):
        await self.socket.close()

    async def run(self, fragment: str = "", value: float | None = None) -> float:
        """Run, and return the milliseconds until the end of the run."""
        message = BackMsg()
        message.rerun_script.query_string = self.query
        message.rerun_script.fragment_id = fragment
        message.rerun_script.is_auto_rerun = bool(fragment)
        if value is not None:
            slider = message.rerun_script.widget_states.widgets.add(id=self.slider)
            slider.double_array_value.data.append(value)
        start = time.perf_counter()
        await self.socket.send(message.SerializeToString())
        while True:
            told = ForwardMsg.FromString(await self.socket.recv())
            kind = told.WhichOneof("type")
            if kind == "new_session" and not told.metadata.run.fragment_ids:
                self.fragment = ""  # a run of the whole page drops the timer
            elif kind == "auto_rerun":
                self.fragment, self.interval = told.auto_rerun.fragment_id, told.auto_rerun.interval
            elif kind == "delta" and told.delta.new_element.WhichOneof("type") == "slider":
                self.slider = told.delta.new_element.slider.id
            elif kind == "delta" and told.delta.new_element.WhichOneof("type") == "text":
                self.text = told.delta.new_element.text.body
            elif kind == "delta" and told.delta.new_element.WhichOneof("type") == "exception":
                raise RuntimeError(told.delta.new_element.exception.message)
            elif kind == "script_finished" and told.script_finished != ForwardMsg.FINISHED_EARLY_FOR_RERUN:
                return 1000 * (time.perf_counter() - start)


async def train(url: str, number: int) -> tuple[int, float]:
    """A student who trains and watches: (steps reached, seconds from the start to the end, waiting and all)."""
    start = time.perf_counter()
    argv = ["--seed", str(number), "--seconds", str(SECONDS)]
    if OPTIONS.module == "race":
        argv = ["--seed", str(number), "--seconds", str(SECONDS / 2), "--contestants", "full,sampled-loguniform-64"]
    async with Tab(url, train=argv, module=[OPTIONS.module]) as tab:
        while tab.fragment:
            await asyncio.sleep(tab.interval)
            await tab.run(tab.fragment)
        state, steps, *error = tab.text.split(" ", 2)
        if state != "done":
            raise RuntimeError(f"a training ended as {state} {error}")
        return int(steps), time.perf_counter() - start


async def click(url: str, enough: asyncio.Event) -> list[float]:
    """Another student: milliseconds of each click, until it is enough."""
    waits = []
    async with Tab(url) as tab:
        for _ in range(5):
            await tab.run(value=1.0)
        while not enough.is_set():
            waits.append(await tab.run(value=round(0.1 + len(waits) % 49 / 10, 1)))
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
    waits = sorted(await clicking)
    told = f"{statistics.median(waits):8.0f} {waits[int(0.95 * len(waits))]:6.0f} {waits[-1]:6.0f} {len(waits):7d}"
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
