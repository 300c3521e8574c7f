"""Students without a browser: they speak Streamlit's protocol and send what a browser sends. Loopback only."""

from __future__ import annotations

import asyncio
import ipaddress
import json
import os
import random
import re
import time
import urllib.request
from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path
from typing import Any
from urllib.parse import urlencode, urlsplit

import websockets
from streamlit.proto.BackMsg_pb2 import BackMsg
from streamlit.proto.ForwardMsg_pb2 import ForwardMsg
from streamlit.proto.WidgetStates_pb2 import WidgetState

from explainers import LESSONS
from explainers.text import prose

PATIENCE = 120.0
"""seconds until a run that does not end is given up"""
FIELDS = {
    "slider": "double_array_value",
    "number_input": "double_value",
    "checkbox": "bool_value",
    "radio": "string_value",
    "selectbox": "string_value",
    "text_input": "string_value",
    "text_area": "string_value",
    "button_group": "string_array_value",
    "button": "trigger_value",
}
"""where the value of a control stands in a message"""
TOUCHED = ("slider", "radio", "checkbox", "button_group")
"""kinds that a student of a class moves"""
HIDDEN = re.compile(r"z\d+_slider|label_name|predict|language|projector")
"""keys of what stands behind a button, and of the frame"""
PLACES = [("", ""), *((slug, step) for slug in LESSONS for step in prose(slug, "en").steps), ("practice", "")]
"""every page and step"""


def cpu_seconds(pid: int) -> float:
    """User and system time of a process."""
    fields = Path(f"/proc/{pid}/stat").read_text().rsplit(")", 1)[1].split()
    return (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK")


def megabytes(pid: int) -> float:
    """What a process holds of the memory."""
    return int(Path(f"/proc/{pid}/status").read_text().split("VmRSS:")[1].split()[0]) / 1024


def percentile(values: Iterable[float], share: float) -> float:
    """The value that so large a share of them does not exceed; 0 of none."""
    ordered = sorted(values)
    return ordered[min(len(ordered) - 1, int(share * len(ordered)))] if ordered else 0.0


def _cookies(url: str) -> str:
    """The cookies that come with a page: behind a proxy one of them may say which process serves it."""
    with urllib.request.urlopen(url, timeout=PATIENCE) as page:
        page.read()
        return "; ".join(cookie.split(";")[0] for cookie in page.headers.get_all("Set-Cookie", []))


@dataclass(frozen=True)
class Control:
    """A control as the page describes it: its kind is the name of the element, its fragment is what it runs.

    Its place is the way to it from the root, through the blocks that it is in.
    """

    id: str
    kind: str
    proto: Any
    fragment: str
    place: tuple[int, ...]

    @property
    def key(self) -> str:
        """Its key in Streamlit."""
        return self.id.split("-", 2)[-1]

    def any_value(self, rng: random.Random) -> Any:
        """What a hand could choose."""
        if self.kind == "slider":
            steps = round((self.proto.max - self.proto.min) / self.proto.step)
            return [min(self.proto.min + rng.randint(0, steps) * self.proto.step, self.proto.max)]
        if self.kind == "checkbox":
            return rng.random() < 0.5
        options = [getattr(option, "content", option) for option in self.proto.options]
        return [rng.choice(options)] if self.kind == "button_group" else rng.choice(options)


class Tab:
    """One tab on one page: the controls, texts and timer that it was shown, and what it holds of its controls."""

    def __init__(self, url: str, page: str = "", **query: str | list[str]) -> None:
        parts = urlsplit(url)
        if parts.hostname != "localhost" and not ipaddress.ip_address(parts.hostname or "").is_loopback:
            raise SystemExit(f"only addresses of this machine, got {url}")
        self.url = url
        self.page = page
        self.query = urlencode(query, doseq=True)
        self.states: dict[str, WidgetState] = {}
        self.timer = self.text = self.script = ""
        self.interval = 0.0
        self.received = 0
        """bytes, so far"""
        self._cache: dict[str, bytes] = {}
        self._shown: dict[str, Control] = {}
        self._before: dict[str, Control] = {}
        """what the run that goes on may replace"""
        self._drawn: set[tuple[int, ...]] = set()
        """places of the blocks that it has drawn, with all that is in them"""

    @property
    def controls(self) -> dict[str, Control]:
        """What can be moved, by key."""
        return {key: one for key, one in self._shown.items() if one.kind in FIELDS}

    @property
    def board(self) -> Control | None:
        """The board, where there is one."""
        return self._shown.get("board")

    async def connect(self) -> None:
        """Ask for the page, which may bring a cookie, and open the connection; without a run."""
        cookies = await asyncio.to_thread(_cookies, f"{self.url}/{self.page}")
        self.socket = await websockets.connect(
            f"ws://{urlsplit(self.url).netloc}/_stcore/stream",
            subprotocols=["streamlit", "none"],
            origin=self.url,
            additional_headers={"Cookie": cookies} if cookies else None,
            max_size=None,
            compression=None,
            proxy=None,
            open_timeout=PATIENCE,
            ping_interval=None,
        )

    async def __aenter__(self) -> Tab:
        await self.connect()
        await self.run()
        return self

    async def __aexit__(self, *_: object) -> None:
        await self.socket.close()

    def within_reach(self) -> list[Control]:
        """The controls of the step, as far as a student sees and moves them."""
        return [
            control
            for key, control in self.controls.items()
            if control.kind in TOUCHED and not control.proto.disabled and not HIDDEN.fullmatch(key)
        ]

    def put(self, control: Control, value: Any, field: str = "") -> None:
        """Hold a value, to be sent with the next run; a value of another type than the control's if `field` says so."""
        field = field or FIELDS[control.kind]
        state = self.states[control.id] = WidgetState(id=control.id)
        if field.endswith("array_value"):
            getattr(state, field).data.extend(value)
        else:
            setattr(state, field, value)

    async def touch(self, control: Control, value: Any) -> float:
        """Give a control a value, as a hand does, and run what follows it: milliseconds until the end of the run."""
        self.put(control, value)
        return await self.run(control.fragment)

    async def drag(self, logits: list[float], label: int = 0, *, gone: Control | None = None) -> float:
        """Let go of the board, or of one that is gone."""
        board = gone or self.board
        assert board
        events = [{"event": "commit", "value": {"logits": logits, "label": label, "seq": 1}}]
        id_ = f"$$STREAMLIT_INTERNAL_KEY_{board.id}__events"
        self.states[id_] = WidgetState(id=id_, json_trigger_value=json.dumps(events))
        return await self.run(board.fragment)

    def message(self, fragment: str = "", *, by_timer: bool = False) -> BackMsg:
        """What a browser sends to have the page run, or a fragment of it."""
        message = BackMsg()
        rerun = message.rerun_script
        rerun.query_string, rerun.fragment_id, rerun.is_auto_rerun = self.query, fragment, by_timer
        rerun.page_script_hash, rerun.page_name = self.script, "" if self.script else self.page
        rerun.widget_states.widgets.extend(self.states.values())
        rerun.cached_message_hashes.extend(self._cache)
        rerun.context_info.timezone, rerun.context_info.locale, rerun.context_info.color_scheme = "UTC", "en", "light"
        rerun.context_info.url = f"{self.url}/{self.page}"
        return message

    async def run(self, fragment: str = "", *, by_timer: bool = False) -> float:
        """Run, and return the milliseconds until the end of the run; an exception on the page is one here, too."""
        start = time.perf_counter()
        await self.socket.send(self.message(fragment, by_timer=by_timer).SerializeToString())
        await self.finished()
        return 1000 * (time.perf_counter() - start)

    async def finished(self) -> None:
        """Read until a run ends that was not given up for another."""
        wrong: list[str] = []
        async with asyncio.timeout(PATIENCE):
            while (told := self._take(await self.socket.recv(), wrong)) is None or (
                told == ForwardMsg.FINISHED_EARLY_FOR_RERUN
            ):
                pass
        self.states = {id_: state for id_, state in self.states.items() if "trigger" not in state.WhichOneof("value")}
        if wrong:
            raise RuntimeError(f"{self.page}?{self.query} shows {wrong[0]}")

    def _take(self, data: str | bytes, wrong: list[str]) -> int | None:
        """Keep what a message tells; how the run has ended, if the message says so."""
        assert isinstance(data, bytes)
        self.received += len(data)
        told = ForwardMsg.FromString(data)
        kind = told.WhichOneof("type")
        if kind == "ref_hash":
            return self._take(self._cache[told.ref_hash], wrong)
        if told.metadata.cacheable:
            self._cache[told.hash] = data
        if kind == "script_finished":
            kept = {
                key: one
                for key, one in self._before.items()
                if not any(one.place[:depth] in self._drawn for depth in range(len(one.place)))
            }
            self._before, self._shown = {}, kept | self._shown
            return told.script_finished
        if kind == "new_session":
            runs = told.metadata.run.fragment_ids
            self._before, self._shown, self._drawn = self._shown if runs else {}, {}, set()
            if not runs:
                self.timer = ""  # a run of the whole page drops it
        elif kind == "navigation":
            self.script = told.navigation.page_script_hash
        elif kind == "auto_rerun":
            self.timer, self.interval = told.auto_rerun.fragment_id, told.auto_rerun.interval
        elif kind == "page_info_changed":
            self.query = told.page_info_changed.query_string
        elif kind == "delta":
            place = tuple(told.metadata.delta_path)
            if told.delta.WhichOneof("type") == "new_element":
                self._show(told.delta, place, wrong)
            else:
                self._drawn.add(place)
        return None

    def _show(self, delta: Any, place: tuple[int, ...], wrong: list[str]) -> None:
        kind = delta.new_element.WhichOneof("type")
        proto = getattr(delta.new_element, kind)
        if kind in FIELDS or (kind == "bidi_component" and proto.id.endswith("-board")):
            control = Control(proto.id, kind, proto, delta.fragment_id, place)
            self._shown[control.key] = control
        elif kind == "text":
            self.text = proto.body
        elif kind == "exception":
            wrong.append(f"{proto.type}: {proto.message}")
