"""Imports point one way: pages -> ui -> explainers -> core, music; what must not be in the repository is not."""

import ast
import re
import subprocess
from pathlib import Path

import pytest

from explainers import LESSONS

ROOT = Path(__file__).parent.parent
FORBIDDEN = {
    "core": {"music", "explainers", "ui", "streamlit", "plotly", "pandas", "scipy"},
    "music": {"core", "explainers", "ui", "streamlit", "plotly", "pandas", "scipy"},
    "explainers": {"ui", "streamlit", "plotly", "pandas"},
    "ui": {"pages", "plotly"},
    "pages": {"core", "numpy", "plotly", "pandas"},
    "app.py": {"core", "numpy", "plotly", "pandas"},
}
FILES = [
    (place, path)
    for place in FORBIDDEN
    for path in ([ROOT / place] if place.endswith(".py") else sorted((ROOT / place).glob("*.py")))
]


def imported(tree: ast.AST) -> set[str]:
    names = set()
    for node in ast.walk(tree):
        if isinstance(node, ast.Import):
            names |= {alias.name.split(".")[0] for alias in node.names}
        elif isinstance(node, ast.ImportFrom) and node.module:
            names.add(node.module.split(".")[0])
    return names


def test_there_are_files_to_check():
    assert {place for place, _ in FILES} == set(FORBIDDEN)
    assert len(FILES) > 20


@pytest.mark.parametrize(("place", "path"), FILES, ids=lambda x: x.name if isinstance(x, Path) else x)
def test_imports_point_one_way(place, path):
    assert not imported(ast.parse(path.read_text(encoding="utf-8"))) & FORBIDDEN[place]


@pytest.mark.parametrize(("place", "path"), FILES, ids=lambda x: x.name if isinstance(x, Path) else x)
def test_no_unsafe_html_no_navigation_no_bare_except(place, path):
    tree = ast.parse(path.read_text(encoding="utf-8"))
    for node in ast.walk(tree):
        if isinstance(node, ast.ExceptHandler):
            assert node.type is not None
        if isinstance(node, ast.Attribute):
            assert node.attr not in {"cache_data", "cache_resource"}  # any client can clear them for everyone
        if isinstance(node, ast.Call):
            assert "unsafe_allow_html" not in {keyword.arg for keyword in node.keywords}
            assert not (isinstance(node.func, ast.Attribute) and node.func.attr == "navigation")
            called = node.func.attr if isinstance(node.func, ast.Attribute) else getattr(node.func, "id", "")
            assert called not in {"import_module", "__import__", "eval", "exec"}


@pytest.mark.parametrize("path", [path for place, path in FILES if place in ("pages", "app.py")], ids=lambda p: p.name)
def test_a_page_is_thin_and_its_words_are_elsewhere(path):
    text = path.read_text(encoding="utf-8")
    assert len(text.splitlines()) <= (80 if path.name == "app.py" else 60)
    assert not sentences(path)


@pytest.mark.parametrize(
    "path", [path for place, path in FILES if place in ("explainers", "ui")], ids=lambda p: "/".join(p.parts[-2:])
)
def test_no_sentence_is_in_python(path):
    assert not sentences(path)


def sentences(path):
    """Strings that a learner would read: two words of three letters or more side by side, or anything in Chinese.

    Docstrings, what an error says, CSS and JavaScript, LaTeX and keys are none.
    """
    tree = ast.parse(path.read_text(encoding="utf-8"))
    skipped = set()
    for node in ast.walk(tree):
        if isinstance(node, ast.Raise):
            skipped |= {id(inner) for inner in ast.walk(node)}
        elif isinstance(node, ast.Expr):  # docstrings, also those of constants and fields
            skipped.add(id(node.value))
    found = []
    for node in ast.walk(tree):
        if not isinstance(node, ast.Constant) or not isinstance(node.value, str) or id(node) in skipped:
            continue
        if re.search(r"[{;]\s*\n|<\w|^const |\\\w+", node.value):
            continue
        if re.search(r"[^\W\d_]{3,} [^\W\d_]{3,}|[\u4e00-\u9fff]", node.value):
            found.append(node.value)
    return [text for text in found if text not in ALLOWED]


ALLOWED = {"Language / 语言", "中文"}
"""The name of the language switch and of a language, which are the same in every language."""


def test_each_lesson_is_five_things_of_one_name():
    for slug in LESSONS:
        for file in (
            f"explainers/{slug}.py",
            f"pages/{slug}.py",
            *(f"explainers/prose/{slug}.{x}.md" for x in ("en", "zh")),
        ):
            assert (ROOT / file).is_file(), file
    assert {path.stem for path in (ROOT / "pages").glob("*.py")} == {*LESSONS, "practice"}


def test_no_path_of_a_machine_stands_in_the_repository():
    listed = subprocess.run(["git", "ls-files"], cwd=ROOT, capture_output=True, text=True, check=True).stdout.split()
    assert listed
    machine = re.compile("/wor" + "k/|/ro" + "ot/|/hom" + "e/[a-z]|/tm" + "p/")
    for name in listed:
        path = ROOT / name
        if path.suffix in {".gz", ".npz", ".png"} or not path.is_file():
            continue
        assert not machine.search(path.read_text(encoding="utf-8")), name
