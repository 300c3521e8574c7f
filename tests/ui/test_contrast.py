"""The colours of the pictures and of the page: contrast in light and dark, and what a colour-blind eye tells apart."""

import importlib
import itertools
import re
import tomllib
from pathlib import Path

import pytest
from coloraide import Color

from explainers import LESSONS
from explainers.figures import LANES
from tests.explainers.lives import DEFAULT_LIVE

ROOT = Path(__file__).parents[2]
THEMES = tomllib.loads((ROOT / ".streamlit" / "config.toml").read_text(encoding="utf-8"))["theme"]
PICTURE = (ROOT / "ui" / "picture.css").read_text(encoding="utf-8")
FRAME = (ROOT / "ui" / "frame.css").read_text(encoding="utf-8")
TEXT, GRAPHIC = 4.5, 3.0
"""WCAG AA: least contrast of letters, and of what is drawn"""
EYES = {"normal": None, "protan": "protan", "deutan": "deutan", "tritan": "tritan"}
APART = 10
"""least difference (CIEDE2000) of two colours that stand side by side with nothing else to tell them apart"""


class Sheet:
    """The colours of picture.css as a browser computes them in one theme."""

    def __init__(self, theme):
        self.theme = of_theme = THEMES[theme]
        self.page = Color(of_theme["backgroundColor"])
        self.values = dict(re.findall(r"(--[\w-]+): ([^;]+);", PICTURE.split("}")[0]))
        self.values |= {"--st-text-color": of_theme["textColor"], "--st-background-color": of_theme["backgroundColor"]}
        self.lanes = dict(re.findall(r"\.(lane\d) \{ --lane: (#\w+);", PICTURE))

    def colour(self, said):
        """A colour, or a var() or a color-mix() of some, or what stands in for a var()."""
        said = said.strip()
        if var := re.fullmatch(r"var\((--[\w-]+)(?:, (.+))?\)", said):
            return self.colour(self.values.get(var[1]) or var[2])
        if mix := re.fullmatch(r"color-mix\(in srgb, (.+) ([\d.]+)%, (.+)\)", said):
            first, share, second = self.colour(mix[1]), float(mix[2]) / 100, self.colour(mix[3])
            return Color.mix(second, first, share, space="srgb", premultiplied=True)
        return Color(said)

    def of_role(self, role):
        """The colour of a line."""
        return self.colour(self.lanes.get(role) or self.values["--loss" if role == "push" else f"--{role}"])

    def of_frame(self, rule):
        """The colour that frame.css gives in this theme."""
        ((light, dark),) = re.findall(rf"{rule} light-dark\((#\w+), (#\w+)\)", FRAME)
        return Color(light if self.theme is THEMES["light"] else dark)

    def on(self, said, under=None):
        """A colour as it is seen on what lies under it."""
        return Color.layer([self.colour(said), under or self.page], space="srgb")


@pytest.fixture(params=["light", "dark"])
def sheet(request):
    return Sheet(request.param)


def test_the_sheet_is_read():
    """White paper, and a mixture known from elsewhere."""
    made = Sheet("light")
    assert len(made.values) >= 8
    assert len(made.lanes) == len(LANES)
    half = made.colour("color-mix(in srgb, #ff0000 25%, #0000ff)")
    assert half.convert("srgb").to_string(hex=True) == "#4000bf"
    assert Color("#767676").contrast("white", method="wcag21") == pytest.approx(4.54, abs=0.01)


def test_every_letter_is_read(sheet):
    """On the page, on a class that is pointed at, and on the strongest tints that picture.js gives: cells, letters."""
    text = sheet.colour("var(--st-text-color)")
    (lit,) = re.findall(r"tr\.lit th, tr\.lit td \{ background: ([^;]+);", PICTURE)
    (in_formulas,) = re.findall(r"--lit: ([^;]+);", FRAME)
    under = {"page": sheet.page, "lit": sheet.on(lit), "lit formula": sheet.on(in_formulas)}
    for hue, most in (
        ("--prob", 60),
        ("--loss", 60),
        ("--logit", 60),
        ("--loss", 75),
    ):
        under[f"{hue} {most}"] = sheet.on(f"color-mix(in srgb, var({hue}) {most}%, var(--faint))")
    poor = {name: text.contrast(colour) for name, colour in under.items() if text.contrast(colour) < TEXT}
    assert poor == {}
    assert sheet.on("var(--loss-text)").contrast(sheet.page) >= TEXT
    for share in map(float, re.findall(r"opacity: (0\.[78]\d*);", PICTURE)):
        faded = Color.mix(sheet.page, text, share, space="srgb")
        assert faded.contrast(sheet.page) >= TEXT


def test_every_bar_line_and_dot_is_seen(sheet):
    track = sheet.on("var(--faint)")
    for name, said in {**{key: f"var(--{key})" for key in ("logit", "exp", "prob", "loss")}, **sheet.lanes}.items():
        for ground in (sheet.page, track):
            assert sheet.colour(said).contrast(ground) >= GRAPHIC, (name, ground.to_string(hex=True))


def test_the_focus_is_seen(sheet):
    ring = sheet.of_frame("outline: 3px solid")
    for colour in (ring, Color(sheet.theme["primaryColor"])):
        for ground in ("backgroundColor", "secondaryBackgroundColor"):
            assert colour.contrast(sheet.theme[ground]) >= GRAPHIC


def test_the_way_on_is_read(sheet):
    """The words on the button of the primary colour."""
    assert sheet.of_frame("{ color:").contrast(sheet.theme["primaryColor"]) >= TEXT


def seen_by(colour, eye):
    return colour if eye is None else colour.filter(eye, space="srgb-linear").clip("srgb")


def least_apart(one, other):
    """How far apart two colours are for the eye that tells them apart worst."""
    return min(seen_by(one, eye).delta_e(seen_by(other, eye), method="2000") for eye in EYES.values())


def curves():
    for slug in LESSONS:
        for step in importlib.import_module(f"explainers.{slug}").explain(DEFAULT_LIVE):
            yield from ((f"{slug} {step.key}", figure) for figure in step.figures if figure["kind"] == "curve")


def test_lines_of_one_picture_differ_in_colour_or_in_their_dashes(sheet):
    """For every eye. Lanes have a dash each; others are dashed if they say so; a cloud is dots."""
    lanes = dict(re.findall(r"\.(lane\d) \{[^}]*--dash: ([^;]+);", PICTURE))
    assert len(set(lanes.values())) == len(LANES)
    own = dict(re.findall(r"\.line\.(\w+):not\(\.dash\) \{ stroke-dasharray: ([^;]+);", PICTURE))
    compared = 0

    def dash_of(line):
        return "dash" if line["dash"] else (lanes | own).get(line["role"], "none")

    for place, figure in curves():
        for one, other in itertools.combinations(figure["lines"], 2):
            compared += 1
            styles = [(line["cloud"], dash_of(line)) for line in (one, other)]
            apart = least_apart(*(sheet.of_role(line["role"]) for line in (one, other)))
            assert styles[0] != styles[1] or apart >= APART, (place, one["text"], other["text"], apart)
    assert compared > 50


def test_pushed_and_pulled_more_and_less_differ_for_every_eye(sheet):
    """The two ends of a tint, and the two directions of an arrow."""
    assert least_apart(sheet.colour("var(--prob)"), sheet.colour("var(--loss)")) >= 3 * APART
    assert least_apart(sheet.colour("var(--prob)"), sheet.colour("var(--logit)")) >= APART
