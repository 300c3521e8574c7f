"""A real server and clients that send what no browser would: it costs nobody but themselves, and no visitor sees it.

What is checked of addresses page by page is in test_pages.py; here they come with messages, over the wire.
"""

import asyncio
import contextlib
import random
import re
import sys
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest
import websockets
from streamlit.proto.BackMsg_pb2 import BackMsg
from streamlit.runtime.caching import cache_data, cache_resource

from benchmarks.students import FIELDS, Tab, megabytes
from explainers import LESSONS
from tests.browser.test_browser import Server
from tests.pages.test_pages import opened
from ui.frame import MOST_CHARACTERS
from ui.numbers import SHARED

ROOT = Path(__file__).parents[2]
PAGES = ("", *LESSONS, "practice")
ALL = {"step": "all", "predict": "false", "lang": "en"}
NUMBERS = (0.0, -0.0, -1.0, 1e308, -1e308, float("nan"), float("inf"), float("-inf"), 1e-320, 2.0**63, 0.1 + 0.2)
TEXTS = (
    *(
        "",
        " ",
        "NaN",
        "inf",
        "-1",
        "1e308",
        "9" * 5000,
        "true",
        "None",
        "[]",
        "{}",
        "\x00",
        "\n\n",
        "\u202eabc",
        "٣",
        "中",
    ),
    *("<script>alert(1)</script>", "<img src=x onerror=alert(1)>", "{0.__class__}", "%s%n", "../../etc/passwd"),
    *("$\\frac{", ":red[", "![](http://127.0.0.1:1/x.png)", "a,b", "x" * 20_000, "😀" * 50),
)
OF = {
    "double_array_value": lambda rng: rng.choices(NUMBERS, k=rng.choice((0, 1, 1, 2, 50))),
    "double_value": lambda rng: rng.choice(NUMBERS),
    "bool_value": lambda rng: rng.random() < 0.5,
    "trigger_value": lambda rng: True,
    "string_value": lambda rng: rng.choice(TEXTS),
    "string_array_value": lambda rng: rng.choices(TEXTS, k=rng.choice((0, 1, 3, 50))),
}
"""something of each type that a message has, where a control expects one of them"""
LONG = re.compile("train_|ss_measure")
"""buttons that are meant to take long"""


def run(coroutine):
    """Run it in a thread of its own: where a browser test came before, this one has a loop already."""
    with ThreadPoolExecutor(1) as thread:
        return thread.submit(asyncio.run, coroutine).result()


@pytest.fixture(scope="module")
def server():
    with Server() as running:
        yield running


@pytest.fixture(autouse=True)
def _served_afterwards(server):
    """Whatever was sent, the next visitor is served."""
    yield
    run(visit(server.url, "softmax"))


async def visit(url, page, **query):
    """Open an address and run it once more: an exception that the page shows is raised here."""
    async with Tab(url, page, **query) as tab:
        await tab.run()
        return tab


def by_hand():
    """The parameters that no control is bound to, as the source asks for them."""
    source = "".join(path.read_text(encoding="utf-8") for path in (ROOT / "ui").glob("*.py"))
    return set(re.findall(r'query_params(?:\.get\(|\.pop\(|\[)"(\w+)"', source))


@pytest.mark.parametrize("page", PAGES)
def test_an_address_may_say_anything_of_every_parameter(server, page):
    async def open_them():
        controls = (await visit(server.url, page, **ALL)).controls.values()
        boxes = [control.proto for control in controls if control.kind in ("text_area", "text_input")]
        assert all(0 < box.max_chars <= MOST_CHARACTERS for box in boxes)
        bound = {getattr(control.proto, "query_param_key", "") for control in controls} - {""}
        assert bound
        names = sorted(bound | by_hand() | set(SHARED))
        assert {"step", "lang"} < set(names)
        rng = random.Random(page)
        values = [*map(str, NUMBERS), *TEXTS]
        for _ in range(2):
            await visit(server.url, page, **{name: rng.choice(values) for name in names})
            hostile = {name: rng.choice(values) for name in names if rng.random() < 0.3}
            await visit(server.url, page, **ALL | hostile)

    run(open_them())


@pytest.mark.parametrize("page", PAGES)
def test_a_control_may_be_given_any_value_of_its_type(server, page):
    """Singly and together, in the fragment and for the whole page: no exception, and every run ends."""

    async def send():
        rng = random.Random(page)
        async with Tab(server.url, page, **ALL) as tab:
            for turn in range(12):
                controls = [one for key, one in tab.controls.items() if not LONG.match(key)]
                for control in rng.sample(controls, min(len(controls), rng.choice((1, 1, 3)))):
                    tab.put(control, OF[FIELDS[control.kind]](rng))
                await tab.run(control.fragment if turn % 2 else "")
                tab.states.clear()

    run(send())


@pytest.mark.parametrize("page", ["softmax", "clinic"])
def test_wrong_types_unknown_controls_and_torn_frames_hurt_only_their_sender(server, page):
    async def send():
        rng = random.Random(page)
        for _ in range(6):
            async with Tab(server.url, page, **ALL) as tab:
                control, field = rng.choice(list(tab.controls.values())), rng.choice(list(OF))
                tab.put(control, OF[field](rng), field)
                with contextlib.suppress(RuntimeError):  # its own page may say that something went wrong
                    await tab.run(control.fragment)
                await tab.socket.send(rng.randbytes(200))
                with pytest.raises(websockets.ConnectionClosed):
                    await tab.finished()

    run(send())


def test_the_board_may_be_let_go_when_it_is_gone_and_say_anything(server):
    async def send():
        async with Tab(server.url, "sequence", step="means", lang="en", predict="false") as tab:
            board = tab.board
            for logits in ([1e308] * 4, [True] * 4, ["x"], [None], [[1.0]], [0.0] * 5000, {}):
                await tab.drag(logits, label=10**400)
            await tab.touch(tab.controls["next"], True)
            assert tab.board is None
            await tab.drag([1.0, 2.0], gone=board)

    run(send())


def test_a_turn_of_the_page_leaves_the_frame_alone_and_a_hand_its_place(server):
    async def turn():
        async with Tab(server.url, "cross_entropy", lang="en", predict="false") as tab:
            before, board = tab.controls, tab.board
            await tab.touch(before["next"], True)
            after = tab.controls
            assert "step=" in tab.query
            assert after["link"] is before["link"]
            assert after["next"] is not before["next"]
            assert tab.board is not board
            assert tab.board.fragment == board.fragment

    run(turn())


def test_boxes_full_of_chinese_are_taken(server):
    """The most that a browser lets a learner paste, into every box of a lesson, is no message that is too large."""

    async def send():
        async with Tab(server.url, "clinic", **ALL) as tab:
            boxes = [control for control in tab.controls.values() if control.kind == "text_area"]
            assert len(boxes) == 3
            for box in boxes:
                tab.put(box, "概" * box.proto.max_chars)
            await tab.run(boxes[0].fragment)

    run(send())


@pytest.mark.parametrize("megabytes_sent", [20, 200])
def test_a_message_that_is_too_large_ends_the_connection_and_is_not_kept(server, megabytes_sent):
    """In parts of a megabyte, none of which is too large by itself."""

    async def send():
        async with Tab(server.url, "clinic", step="paste") as tab:
            with contextlib.suppress(websockets.ConnectionClosed):
                await tab.socket.send(bytes(1 << 20) for _ in range(megabytes_sent))
            with pytest.raises(websockets.ConnectionClosed, match=r"1009|no close frame"):
                await tab.finished()

    before = megabytes(server.process.pid)
    run(send())
    assert megabytes(server.process.pid) - before < 100


def test_a_client_that_never_reads_costs_little_memory(server):
    async def send():
        async with Tab(server.url, "sampled_softmax", **ALL) as tab:
            for _ in range(40):
                await tab.socket.send(tab.message().SerializeToString())
                await asyncio.sleep(0.05)
            assert megabytes(server.process.pid) - before < 100
            tab.socket.transport.abort()

    run(visit(server.url, "sampled_softmax", **ALL))
    before = megabytes(server.process.pid)
    run(send())


def test_a_client_that_clears_the_caches_clears_only_its_own_page(server):
    async def send():
        async with Tab(server.url, "nce", **ALL) as tab:
            await tab.socket.send(BackMsg(clear_cache=True).SerializeToString())
            await tab.run()
            for control in tab.within_reach():
                await tab.touch(control, control.any_value(random.Random(0)))

    run(send())


def test_nothing_is_computed_again_when_the_caches_of_streamlit_are_cleared():
    def missed():
        ours = [module for name, module in sys.modules.items() if name.split(".")[0] in ("explainers", "core", "music")]
        caches = {id(one): one for module in ours for one in vars(module).values() if hasattr(one, "cache_info")}
        assert len(caches) > 20
        return sum(cache.cache_info().misses for cache in caches.values())

    pages = [slug for slug in LESSONS if slug not in ("race", "clinic")]
    for slug in pages:
        opened(slug, predict="false")
    before = missed()
    cache_data.clear()
    cache_resource.clear()  # what Streamlit does when a client asks for it
    for slug in pages:
        assert not opened(slug, predict="false").exception
    assert missed() == before
