"""What an interaction costs the server on every step of every page: `python -m benchmarks.steps [--pages nce race]`.

One student without a browser moves the controls of the step one after the other, then the board: CPU milliseconds of
the server for each, as /proc counts them (in hundredths of a second, so over many interactions). Before that, the
milliseconds from opening the page to the end of its first run: for the first who ever comes to this step, and for the
next. What differs much between these two is computed when it is first asked for.
"""

import argparse
import asyncio
import random

from benchmarks.students import PLACES, Tab, cpu_seconds
from tests.browser.test_browser import Server

MOVES, WARM = 40, 5
"""interactions that are counted, and those before them"""


async def cost(pid: int, tab: Tab, rng: random.Random, *, board: bool) -> float:
    """CPU ms of one interaction; NaN if there is nothing to move."""
    if not (tab.board if board else tab.within_reach()):
        return float("nan")
    for move in range(WARM + MOVES):
        if move == WARM:
            before = cpu_seconds(pid)
        if board:
            await tab.drag([rng.uniform(-5, 5) for _ in range(4)])
        else:
            controls = tab.within_reach()
            control = controls[move % len(controls)]
            await tab.touch(control, control.any_value(rng))
    return 1000 * (cpu_seconds(pid) - before) / MOVES


async def measure(server: Server, page: str, **query: str) -> str:
    """A line of the table."""
    rng, opening = random.Random(0), []
    for _ in range(2):
        tab = Tab(server.url, page, **query)
        await tab.connect()
        opening.append(await tab.run())
        size = tab.received / 1024
        if len(opening) == 1:
            await tab.socket.close()
    moved = [await cost(server.process.pid, tab, rng, board=board) for board in (False, True)]
    await tab.socket.close()
    return f"{opening[0]:9.0f} {opening[1]:9.0f} {size:8.0f} {moved[0]:11.1f} {moved[1]:9.1f}"


def main() -> None:
    """Print the table."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--pages", nargs="+", default=[], help="only these, as the address names them")
    pages = parser.parse_args().pages
    print(f"{'page and step':32} {'first ms':>9} {'next ms':>9} {'first kB':>8} {'control CPU':>11} {'board CPU':>9}")
    with Server("benchmarks/empty_app.py") as server:
        print(f"{'(an empty page with a slider)':32} {asyncio.run(measure(server, ''))}", flush=True)
    with Server() as server:
        for page, step in PLACES:
            if not pages or page in pages:
                told = asyncio.run(measure(server, page, lang="en", predict="false", step=step))
                print(f"{f'{page} {step}'.strip() or 'home':32} {told}", flush=True)


if __name__ == "__main__":
    main()
