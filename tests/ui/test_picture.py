"""What is sent to the drawing code, and that this code lets nobody write HTML or ask another host."""

import re
from pathlib import Path
from typing import get_args

from explainers import figures

UI = Path(__file__).parents[2] / "ui"
CODE = (UI / "picture.js").read_text(encoding="utf-8")
STYLE = (UI / "picture.css").read_text(encoding="utf-8")


def test_whatever_a_visitor_can_reach_is_written_as_text():
    assert "textContent" in CODE
    assert not re.search(r"innerHTML|outerHTML|insertAdjacentHTML|document\.write|\beval\b|new Function", CODE)


def test_no_other_host_is_asked():
    hosts = set(re.findall(r"https?://[^\s\"')]+", CODE + STYLE))
    assert hosts <= {"http://www.w3.org/2000/svg"}
    assert "@import" not in STYLE
    assert "fetch(" not in CODE


def test_every_kind_of_picture_can_be_drawn():
    kinds = set(re.findall(r'"kind": "(\w+)"', (UI.parent / "explainers" / "figures.py").read_text(encoding="utf-8")))
    (listed,) = re.findall(r"const KINDS = \{([^}]*)\}", CODE)
    assert len(kinds) >= 5
    assert set(re.findall(r"(\w+):", listed)) == kinds


def test_every_role_has_its_colour_and_the_label_more_than_a_colour():
    for role in get_args(figures.Role):
        assert re.search(rf"\.{role}\b", STYLE) or role == "prob", role
    assert re.search(r"\.cell\.label[^}]*repeating-linear-gradient", STYLE)
    assert "◀" in CODE


def test_motion_can_be_turned_off():
    assert "prefers-reduced-motion" in STYLE
