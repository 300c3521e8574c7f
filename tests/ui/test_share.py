"""The address of a shared page, its QR code, and what is read of the lists in an address."""

import re
from types import SimpleNamespace

import numpy as np
import pytest
import segno
import streamlit as st

from explainers import LESSONS
from ui import share
from ui.share import code, here, link, listed


def at(monkeypatch, url="", **query):
    monkeypatch.setattr(st, "context", SimpleNamespace(url=url))
    monkeypatch.setattr(st, "query_params", query)


def test_a_link_keeps_what_stands_in_the_address():
    query = {"lang": ["zh"], "race_who": ["full", "nce"], "classes": ["猫, 狗"], "hide": ["t"], "only": ["max"]}
    said = "http://a/race?lang=zh&race_who=full&race_who=nce&classes=%E7%8C%AB,+%E7%8B%97"
    assert link("http://a/race", query, [], []) == said
    assert link("http://a/race", query, ["race", "cost"], ["toolbar"]) == f"{said}&only=race,cost&hide=toolbar"


@pytest.mark.parametrize(
    ("step", "only", "kept"),
    [
        ("odds", [], True),
        ("odds", ["max", "odds"], True),
        ("all", ["max", "odds"], True),
        ("odds", ["max", "sum"], False),
        ("odds", ["odds"], False),
    ],
)
def test_a_link_opens_at_the_step_of_its_sender_if_it_shows_it(step, only, kept):
    assert ("step=" in link("http://a/softmax", {"step": [step]}, only, [])) == kept


@pytest.mark.parametrize("base", ["http://a", "http://a:8501", "https://a.b/base", "http://nce", "http://a/x/softmax"])
@pytest.mark.parametrize("slug", [*LESSONS, "practice", "home"])
def test_the_address_of_a_page_whose_name_ends_like_another(monkeypatch, base, slug):
    """As Streamlit 1.67 makes it: the name of a page is cut off, and that of this one appended."""
    path = "" if slug == "home" else f"/{slug}"
    names = [name for name in (*LESSONS, "practice") if path.endswith(name)]
    for name in names or [""]:
        at(monkeypatch, f"{base}{path}".removesuffix(name).removesuffix("/") + path)
        assert here(slug) == (f"{base}{path}" if path else f"{base}/")


def test_where_there_is_no_browser_the_address_has_no_host(monkeypatch):
    at(monkeypatch, None)
    assert here("softmax") == "/softmax"
    assert here("home") == "/"


@pytest.mark.parametrize(
    ("said", "codes"),
    [
        ("t,answers", {"t", "answers"}),
        ("", {""}),
        (",,", {""}),
        ("t", {"t"}),
        ("<b>", {"<b>"}),
        ("猫,\x00", {"猫", "\x00"}),
    ],
)
def test_a_list_in_the_address(monkeypatch, said, codes):
    at(monkeypatch, hide=said)
    assert listed("hide") == codes
    assert listed("only") == {""}


def test_of_a_long_list_only_the_beginning_is_read(monkeypatch):
    at(monkeypatch, hide="toolbar," + "x," * 1_000_000)
    assert "toolbar" in listed("hide")
    assert len(listed("hide")) < 10


@pytest.mark.parametrize("length", [20, 200, share.LONGEST_LINK])
def test_the_picture_is_the_qr_code_of_the_address(length):
    address = ("http://a.b/softmax?classes=%E7%8C%AB&z0=" + "1" * length)[:length]
    assert (drawn(code(address)) == np.array(segno.make_qr(address, error="l").matrix, bool)).all()


def drawn(svg):
    """The dark modules of a QR code in SVG, [size, size], as a browser paints its one path of lines."""
    size = int(re.search(r'viewBox="0 0 (\d+)', svg)[1])
    grid, x, y = np.zeros((size, size), bool), 0, 0
    path = re.search(r'stroke="#000" d="([^"]+)"', svg)[1]
    for command, numbers in re.findall(r"([Mmh])([-\d. ]+)", path):
        n = [float(number) for number in numbers.split()]
        if command == "M":
            x, y = int(n[0]), int(n[1])
        elif command == "m":
            x, y = x + int(n[0]), y + round(n[1])
        else:
            grid[y, x : x + int(n[0])] = True
            x += int(n[0])
    quiet = 4
    assert not grid[:quiet].any()
    assert not grid[:, :quiet].any()
    return grid[quiet:-quiet, quiet:-quiet]
