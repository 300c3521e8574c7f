"""The teacher's link: the address of this state, as text and as a QR code, and what it leaves out.

`?hide=toolbar,t,answers` leaves things out, `?only=shift-all,odds` all steps but these. A link is a lesson, not a lock:
who deletes both from the address has the whole page again.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass
from urllib.parse import urlencode

import segno
import streamlit as st

from explainers import LESSONS

HIDE, ONLY = "hide", "only"
"""what the address calls them"""
SCREEN = "projector"
"""what belongs to the screen, and not to who opens the link on another"""
CONTROLS, ANSWERS, CODE, LANGUAGE = "controls", "answers", "code", "language"
"""what else can be hidden than a control by its name: all controls, and parts of the page"""
EVERYWHERE = (ANSWERS, CODE, LANGUAGE)
"""what stays hidden on the other pages"""
NAMED = {
    "toolbar": "link_toolbar",
    "numbers": "your_numbers",
    "t": "temperature",
    "h": "stage_hidden",
    "train": "train_start",
    "from": "practice_from",
}
"""controls whose name in the address is not the key of their word"""
LONGEST_LIST, LONGEST_LINK = 2000, 1000
"""in characters: what is read of a list in the address, and what still makes a QR code that a phone can read"""


def listed(name: str) -> frozenset[str]:
    """The codes that the address gives under this name."""
    return frozenset(st.query_params.get(name, "")[:LONGEST_LIST].split(","))


@dataclass(frozen=True)
class Shared:
    """What is to be said of a page, so that its link can be made."""

    slug: str
    words: Mapping[str, str]
    steps: Mapping[str, str]
    """what can be shown one by one, and its heading; none if the page has no steps"""
    step: str
    """what is shown now: one of the steps, or all that there are"""
    only: Collection[str]
    """the steps that the link of this page shows, if not all"""
    hidden: Collection[str]
    controls: Mapping[str, Sequence[str]]
    """each control by its name in the address, with the steps that have it; none if it is not one of a step"""


def link(url: str, query: Mapping[str, Sequence[str]], only: Sequence[str], hide: Sequence[str]) -> str:
    """The address of a page with what it is to show and to leave out.

    A step that is not shown is no place to open at, and a link of one step need not name it.

    >>> query = {"step": ["odds"], "z0": ["5"], "hide": ["t"], "projector": ["true"]}
    >>> link("http://a/softmax", query, ["max", "sum"], ["t", "answers"])
    'http://a/softmax?z0=5&only=max,sum&hide=t,answers'
    """
    said = {key: values for key, values in query.items() if key not in (HIDE, ONLY, SCREEN)}
    if only and (len(only) == 1 or not {*said.get("step", ())} <= {*only, "all"}):
        said.pop("step", None)
    said |= {name: [",".join(codes)] for name, codes in ((ONLY, only), (HIDE, hide)) if codes}
    return f"{url}?{urlencode(said, doseq=True, safe=',')}"


def here(slug: str) -> str:
    """The address of this page in the visitor's browser, without what follows the question mark.

    Streamlit 1.67 takes the name of any page off the end before it appends that of this one: of /sampled_softmax it
    makes /sampled_/sampled_softmax.
    """
    base = (st.context.url or "").removesuffix("/").removesuffix(f"/{slug}")
    start, _, rest = base.rpartition("/")
    if slug in [rest + other for other in LESSONS if rest]:
        base = start
    return f"{base}/" if slug == "home" else f"{base}/{slug}"


def panel(page: Shared) -> None:
    """Open the dialog; nothing of it is made before."""
    words = page.words

    def body() -> None:
        with st.container(key="link-panel"):
            left, right = st.columns([0.45, 0.55], gap="large")
            with left:
                place = st.container()
                only = _steps(page)
                hide = [*_controls(page, only), *_parts(page)]
            query = {key: st.query_params.get_all(key) for key in st.query_params}
            address = link(here(page.slug), query, only, hide)
            place.markdown(words["link_lead"])
            place.code(address, language=None, wrap_lines=True)
            with right:
                if len(address) <= LONGEST_LINK:
                    st.image(code(address), width="stretch", alt=f"{words['link_qr']}: {address}")
                else:
                    st.info(words["link_long"])

    st.dialog(words["link"], width="large")(body)()


def code(address: str) -> str:
    """A QR code as SVG, black on white in either theme, with as much redundancy as its size has room for."""
    return str(segno.make_qr(address, error="l").svg_inline(dark="#000", light="#fff", omitsize=True))


def _steps(page: Shared) -> list[str]:
    """The steps that the link is to show; none stands for all."""
    words = page.words
    if not page.steps:
        return []
    if page.step in page.steps and st.toggle(words["link_this"], len(page.only) == 1, key="link-this"):
        return [page.step]
    chosen = st.multiselect(
        words["link_steps"],
        list(page.steps),
        [step for step in page.steps if step in page.only],
        format_func=page.steps.__getitem__,
        placeholder=words["link_steps_all"],
        key="link-steps",
    )
    return [step for step in page.steps if step in chosen] if len(chosen) < len(page.steps) else []


def _controls(page: Shared, only: Iterable[str]) -> list[str]:
    """The controls that the link is to hide, of those that its steps have."""
    words, shown = page.words, {*(only or page.steps)}
    if st.toggle(words["link_controls"], CONTROLS in page.hidden, key="link-controls"):
        return [CONTROLS]
    there = [name for name, steps in page.controls.items() if not steps or shown & {*steps}]
    names = {name: words[NAMED.get(name, name)] for name in there}
    chosen = st.multiselect(
        words["link_some"],
        list(names),
        [name for name in names if name in page.hidden],
        format_func=names.__getitem__,
        placeholder=words["link_some_none"],
        key="link-some",
    )
    return [name for name in names if name in chosen]


def _parts(page: Shared) -> list[str]:
    """What else the link is to hide, here and on the pages that follow."""

    def wanted(part: str) -> bool:
        word = f"link_{part}"
        return st.toggle(page.words[word], part in page.hidden, key=f"link-{part}", help=page.words.get(f"{word}_help"))

    return [part for part in EVERYWHERE if wanted(part)]
