"""A lesson on paper: the steps with their numbers left out, or filled in; questions, challenges, tables and curves.

One HTML file that needs nothing else: no script, no font, no network. Formulas are MathML, which browsers set by
themselves; pictures are tables, and SVG for curves; all of it is black on white, for A4 and Letter.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass
from html import escape
from typing import Any

from latex2mathml.converter import convert

from explainers.step import Challenge, Figure, Live, Question, Step, fill, fmt
from explainers.text import Section, prose, words

BLANK, START, END = "\ue000", "\ue001", "\ue002"
"""a number that is left out; where a number that was filled in begins and ends"""
_DECIMAL = re.compile(r"−?\d+\.\d+")
"""a result that a lesson has already rounded; whole numbers in words are sizes and names"""
STYLE = """
@page { margin: 16mm 15mm; }
:root { color-scheme: light; }
body { font: 11pt/1.45 Georgia, "Songti SC", "Noto Serif CJK SC", serif; max-width: 46rem; margin: 1rem auto;
  color: #000; background: #fff; padding: 0 0.6rem; }
h1 { font-size: 1.5em; } h2 { font-size: 1.12em; margin: 1.3em 0 0.3em; break-after: avoid; }
p { margin: 0.4em 0; orphans: 3; widows: 3; }
.who { display: flex; gap: 2em; margin: 1em 0; } .who span { flex: 1; border-bottom: 1px solid #000; padding-top: 1em; }
.blank { display: inline-block; min-width: 3.6em; border-bottom: 1px solid #000; }
.filled { text-decoration: underline; }
mtd[columnalign="right"] { text-align: right; } mtd[columnalign="left"] { text-align: left; }
menclose { border: 1px solid #000; padding: 0 0.2em; }
math { font-family: "STIX Two Math", "Latin Modern Math", "Cambria Math", math; }
.formula { margin: 0.5em 0 0.5em 1em; overflow-x: auto; }
table { border-collapse: collapse; margin: 0.6em 0; font-size: 0.86em; font-variant-numeric: tabular-nums; }
table, tr { break-inside: avoid; } th, td { border: 1px solid #777; padding: 0.15em 0.45em; text-align: right; }
td:empty { min-width: 4.2em; } .small td:empty { min-width: 1.5em; }
.pictures { display: flex; flex-wrap: wrap; gap: 0 1.6em; align-items: flex-start; }
th { font-weight: normal; } td.mark { border: 2px solid #000; } .small { font-size: 0.62em; }
caption { text-align: left; font-style: italic; } ul { padding-left: 1.2em; } ul.box { list-style: "☐  "; }
ul.box li.true { list-style: "☒  "; font-weight: bold; }
pre { border: 1px solid #777; padding: 0.5em; white-space: pre-wrap; font-size: 0.82em; break-inside: avoid; }
code { font-size: 0.9em; overflow-wrap: anywhere; }
svg { max-width: 100%; height: auto; break-inside: avoid; font: 11px sans-serif; }
.write { height: 3.2em; border-bottom: 1px dotted #777; }
"""


@dataclass(frozen=True)
class Lesson:
    """A lesson as it stands on the screen: what it was made of, and what its controls were set to."""

    slug: str
    lang: str
    live: Live
    steps: Sequence[Step]
    questions: Sequence[Question]
    challenges: Sequence[Challenge]
    controls: Collection[float] = ()


def worksheet(lesson: Lesson, *, solutions: bool) -> str:
    """The lesson as one HTML file; without solutions, what the learner did not set is left out.

    What is given are the logits, the temperature and the controls, and every word: a number is a blank unless it is
    equal to one of them.
    """
    text, word, live = prose(lesson.slug, lesson.lang), words(lesson.lang), lesson.live
    given = {fmt(x) for x in (*live.logits.tolist(), live.temperature, live.label, *lesson.controls)}
    paper = _Paper(given, solutions)
    kind = word["worksheet_solutions" if solutions else "worksheet_blank"]
    parts = [
        f"<h1>{paper.inline(text.title)} · {escape(kind)}</h1>",
        *paper.blocks(text.lead),
        ""
        if solutions
        else _tag("p", f"{word['worksheet_name']}<span></span>{word['worksheet_date']}<span></span>", "who"),
        paper.table(
            "",
            ["z"],
            [f"{i}: {name}" + (" ◀ y" if i == live.label else "") for i, name in enumerate(live.names)],
            [[fmt(z)] for z in live.logits],
        ),
        f"<p>T = {fmt(live.temperature)}</p>",
    ]
    if lesson.questions:
        parts.append(f"<h2>{escape(word['predict'])}</h2>")
        for question in lesson.questions:
            parts += paper.question(text.sections[f"ask-{question.key}"], question)
    for number, step in enumerate(lesson.steps, 1):
        parts += paper.step(number, step, text.sections)
    parts.append(f"<h2>{escape(word['challenges'])}</h2>")
    for challenge in lesson.challenges:
        section = text.sections[f"challenge-{challenge.key}"]
        parts.append(f'<ul class="box"><li>{paper.inline(fill(section.heading, challenge.numbers))}</li></ul>')
        parts += paper.blocks(fill(section.body, challenge.numbers)) if solutions else ['<p class="write"></p>']
    body = "\n".join(parts).replace(BLANK, '<span class="blank">&#8203;</span>')
    body = body.replace(START, '<span class="filled">').replace(END, "</span>")
    head = f'<meta charset="utf-8"><title>{escape(text.title)}</title><style>{STYLE}</style>'
    return f'<!DOCTYPE html>\n<html lang="{lesson.lang}"><head>{head}</head>\n<body>\n{body}\n</body></html>\n'


class _Paper:
    """What is given, and whether the rest is filled in."""

    def __init__(self, given: Collection[str], solutions: bool) -> None:
        self.given = given
        self.solutions = solutions
        self.hidden: set[str] = set()
        """numbers that the words of the step leave out, without their signs"""

    def numbers(self, numbers: Mapping[str, Any]) -> dict[str, str]:
        """The numbers of a step as text, blanks where they are to be found."""
        texts = {name: value if isinstance(value, str) else fmt(value) for name, value in numbers.items()}
        found = {name for name, text in texts.items() if not isinstance(numbers[name], str) or _DECIMAL.fullmatch(text)}
        return {name: self._number(text) if name in found else text for name, text in texts.items()}

    def _number(self, text: str) -> str:
        if text in self.given:
            return text
        if self.solutions:
            return f"{START}{text}{END}"
        self.hidden.add(text.lstrip("−"))
        return BLANK

    def step(self, number: int, step: Step, sections: Mapping[str, Section]) -> list[str]:
        """Heading, words, formula, the formula in numbers, and the pictures."""
        self.hidden = set()
        section, numbers = sections[step.key], self.numbers(step.numbers)
        parts = [f"<h2>{number} · {self.inline(fill(section.heading, numbers))}</h2>"]
        parts += self.blocks(fill(section.body, numbers))
        parts += [self.formula(fill(latex, numbers)) for latex in (step.formula, step.worked) if latex]
        for note in step.notes:
            said = self.numbers(note.numbers)
            parts.append(f"<p><b>{self.inline(fill(sections[note.key].heading, said))}</b></p>")
            parts += self.blocks(fill(sections[note.key].body, said))
        return [*parts, _tag("div", "".join(map(self.figure, step.figures)), "pictures")]

    def question(self, section: Section, question: Question) -> list[str]:
        """The options as boxes; the true one is ticked, and explained, in the solutions."""
        ticked = question.answer if self.solutions else None
        options = [
            _tag("li", self.inline(fill(option, question.numbers)), "true" if i == ticked else "")
            for i, option in enumerate(section.options)
        ]
        parts = [f"<p><b>{self.inline(fill(section.heading, question.numbers))}</b></p>"]
        parts.append(f'<ul class="box">{"".join(options)}</ul>')
        return parts + (self.blocks(fill(section.body, question.numbers)) if self.solutions else [])

    # ---- words ----

    def blocks(self, markdown: str) -> list[str]:
        """The Markdown of the prose as HTML: paragraphs, lists, tables and code."""
        made = []
        for block in re.split(r"\n\s*\n(?![^`]*```(?:[^`]*```[^`]*```)*[^`]*$)", markdown.strip()):
            for part in re.split(r"(```.*?```)", block, flags=re.DOTALL):
                lines = part.strip().splitlines()
                if not lines:
                    continue
                if lines[0].startswith("```"):
                    made.append(_tag("pre", escape("\n".join(lines[1:-1]))))
                elif all(line.startswith("- ") for line in lines):
                    made.append("<ul>" + "".join(f"<li>{self.inline(line[2:])}</li>" for line in lines) + "</ul>")
                elif all(line.startswith("|") for line in lines):
                    cells = [[cell.strip() for cell in line.strip("|").split("|")] for line in lines]
                    rows = "".join(
                        "<tr>" + "".join(f"<td>{self.inline(cell)}</td>" for cell in row) + "</tr>"
                        for i, row in enumerate(cells)
                        if i != 1
                    )
                    made.append(f"<table>{rows}</table>")
                else:
                    made.append(f"<p>{self.inline(' '.join(lines))}</p>")
        return made

    def inline(self, text: str) -> str:
        """Mathematics, code, bold and italics."""
        parts = re.split(r"(``.+?``|`[^`]*`|\$[^$]+\$)", text)
        return "".join(
            self._math(part[1:-1], "inline")
            if part.startswith("$") and part.endswith("$") and len(part) > 1
            else f"<code>{escape(part.strip('`').strip())}</code>"
            if part.startswith("`")
            else _styled(escape(part, quote=False))
            for part in parts
        )

    def formula(self, latex: str) -> str:
        """A formula on a line of its own."""
        return f'<div class="formula">{self._math(latex, "block")}</div>'

    def _math(self, latex: str, display: str) -> str:
        plain = re.sub(r"\\textcolor\{#\w+\}|(?<=\\\\)\[[\d.]+em\]", "", latex)
        plain = plain.replace(r"\textasciicircum{}", "^")
        plain = re.sub(r"(?<=\\text\{)[^}]*", lambda name: escape(name[0].replace("\\", ""), quote=False), plain)
        if r"\\" in plain and r"\begin" not in plain:
            plain = rf"\begin{{aligned}}{plain}\end{{aligned}}"
        for one, other in _PLAINER.items():
            plain = plain.replace(one, other)
        return convert(plain, display=display)

    # ---- pictures ----

    def figure(self, figure: Figure) -> str:
        """A picture as a table of its numbers, a curve as one; nothing for what is to be heard."""
        kind: Callable[[Figure], str] | None = {
            "bars": self._bars,
            "grid": self._grid,
            "curve": self._curve,
            "simplex": self._simplex,
            "block": self._block,
            "letters": self._letters,
        }.get(figure["kind"])
        return kind(figure) if kind else ""

    def table(
        self,
        title: str,
        columns: Sequence[str],
        rows: Sequence[str],
        cells: Sequence[Sequence[str]],
        marks: Iterable[Sequence[int]] = (),
        css: str = "",
    ) -> str:
        """A table, in the solutions with its frames."""
        framed = {tuple(mark) for mark in marks} if self.solutions else set()
        head = "".join(f"<th>{escape(column)}</th>" for column in columns)
        body = "".join(
            f"<tr><th>{escape(name)}</th>"
            + "".join(_tag("td", escape(cell), "mark" if (i, j) in framed else "") for j, cell in enumerate(row))
            + "</tr>"
            for i, (name, row) in enumerate(zip(rows, cells, strict=True))
        )
        caption = f"<caption>{escape(title)}</caption>" if title else ""
        return f'<table class="{css}">{caption}<tr><th></th>{head}</tr>{body}</table>'

    def _found(self, text: str) -> str:
        """A cell that is to be filled in, unless it is given."""
        shown = self.solutions or text in self.given or not re.search(r"[\d∞]", text)
        return text if shown else ""

    def _told(self, text: str) -> str:
        """A cell that is there to be read, unless it would say what the words leave out."""
        return "" if text.split(" ")[-1].lstrip("−") in self.hidden else text

    def _bars(self, figure: Figure) -> str:
        columns = figure["columns"]
        names = [name + (" ◀ y" if i == figure["label"] else "") for i, name in enumerate(figure["names"])]
        cells = [[self._found(column["texts"][i]) for column in columns] for i in range(len(names))]
        return self.table("", [column["title"] for column in columns], names, cells)

    def _grid(self, figure: Figure) -> str:
        css = "small" if len(figure["columns"]) > 10 else ""
        cells = [list(map(self._told, row)) for row in figure["texts"]]
        return self.table(figure["title"], figure["columns"], figure["rows"], cells, figure["marks"], css)

    def _simplex(self, figure: Figure) -> str:
        return self.table("", ["p"], figure["names"], [[self._found(fmt(share))] for share in figure["point"]])

    def _block(self, figure: Figure) -> str:
        """A table for each sequence: a row a class, a column a time; the label's cell has a frame."""
        if figure["texts"] is None:
            return ""
        made = []
        for title, sheet, labels, losses in zip(
            figure["titles"], figure["texts"], figure["labels"], figure["losses"], strict=True
        ):
            cells = [[row[i] for row in sheet] for i in range(len(figure["names"]))] + [list(map(self._found, losses))]
            times = [f"t = {t}, y = {label}" for t, label in enumerate(labels)]
            marks = [(label, t) for t, label in enumerate(labels)]
            made.append(self.table(title, times, [*figure["names"], "−ln p"], cells, marks))
        return "".join(made)

    def _letters(self, figure: Figure) -> str:
        return f"<pre>{escape(''.join(figure['text']))}</pre>" if self.solutions else ""

    def _curve(self, figure: Figure) -> str:
        """Lines told apart by their dashes; dots, which show the answer, only in the solutions."""
        width, height, left, right, top, bottom = 460, 240, 56, 450, 12, 34
        x, y = figure["x"], figure["y"]

        def place(axis: Mapping[str, Any], value: float, start: float, end: float) -> float:
            share = (value - axis["lo"]) / ((axis["hi"] - axis["lo"]) or 1.0)
            return round(float(start + min(max(share, -0.02), 1.02) * (end - start)), 1)

        def at(point: Sequence[float]) -> tuple[float, float]:
            return place(x, point[0], left, right), place(y, point[1], height - bottom, top)

        drawn = [
            f'<path d="M{left} {top}V{height - bottom}H{right}" fill="none" stroke="#000"/>',
            f'<text x="{left - 4}" y="{top + 2}" text-anchor="end" font-style="italic">{escape(y["title"])}</text>',
            f'<text x="{right}" y="{height - 2}" text-anchor="end" font-style="italic">{escape(x["title"])}</text>',
        ]
        for tick, text in x["ticks"]:
            place_x = place(x, tick, left, right)
            drawn.append(f'<text x="{place_x}" y="{height - bottom + 14}" text-anchor="middle">{escape(text)}</text>')
        for tick, text in y["ticks"]:
            place_y = place(y, tick, height - bottom, top)
            if place_y > top + 12:
                drawn.append(f'<text x="{left - 4}" y="{place_y + 4}" text-anchor="end">{escape(text)}</text>')
        legend = []
        for number, line in enumerate(figure["lines"]):
            dash = ("", "6 3", "2 3", "10 3 2 3", "1 5", "12 6")[number % 6]
            if line["cloud"]:
                points = [at(point) for point in line["points"] if point is not None]
                drawn += [f'<circle cx="{px}" cy="{py}" r="1.3"/>' for px, py in points]
                legend.append(f"··· {escape(line['text'])}")
                continue
            path, pen = [], "M"
            for point in line["points"]:
                if point is None:
                    pen = "M"
                    continue
                path.append("{}{} {}".format(pen, *at(point)))
                pen = "L"
            drawn.append(f'<path d="{"".join(path)}" fill="none" stroke="#000" stroke-dasharray="{dash}"/>')
            stroke = f'<path d="M0 5H34" stroke="#000" stroke-dasharray="{dash}"/>'
            legend.append(f'<svg width="36" height="10">{stroke}</svg> {escape(line["text"])}')
        for dot in figure["dots"] if self.solutions else ():
            dot_x, dot_y = at((dot["x"], dot["y"]))
            anchor = "end" if dot_x > width * 0.7 else "start"
            shift = -8 if anchor == "end" else 8
            drawn.append(f'<circle cx="{dot_x}" cy="{dot_y}" r="4"/>')
            drawn.append(
                f'<text x="{dot_x + shift}" y="{dot_y - 6}" text-anchor="{anchor}">{escape(dot["text"])}</text>'
            )
        box = f'viewBox="0 0 {width} {height}" width="{width}" height="{height}"'
        return f'<p><svg {box} role="img">{"".join(drawn)}</svg><br>{" &#160; ".join(legend)}</p>'


_PLAINER = {
    "{aligned}": "{align*}",
    START: "",
    END: "",
    r"\arg": r"\operatorname{arg}",
    r"\lVert": r"\|",
    r"\rVert": r"\|",
    r"\ln ": r"\ln\,",
}
"""what the converter does not know, in words that it knows"""


def _tag(name: str, inside: str, css: str = "") -> str:
    return f'<{name} class="{css}">{inside}</{name}>' if css else f"<{name}>{inside}</{name}>"


def _styled(text: str) -> str:
    text = re.sub(r"\*\*(.+?)\*\*", r"<b>\1</b>", text)
    text = re.sub(r"\*(.+?)\*", r"<i>\1</i>", text)
    text = re.sub(r":red\[(.+?)\]", r"<b>\1</b>", text)
    return re.sub(r"\[([^\]]+)\]\([^)]+\)", r"\1", text)
