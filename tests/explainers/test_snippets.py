"""The programs of explainers/code are run, and what they print is what core computes.

Those in NumPy are run always; those of a framework (`pytest -m frameworks`) where it can be imported: by the running
Python, or by those that FRAMEWORKS_PYTHON names, separated as in PATH.
"""

import ast
import contextlib
import io
import json
import os
import re
import subprocess
import sys

import numpy as np
import pytest

import core
from explainers import clinic, nce, sampled_softmax, snippets
from explainers.sampled_bench import SAMPLERS
from tests.explainers.lives import DEFAULT_LIVE, LIVES, ZERO

REPEATED = sampled_softmax.Small(num_sampled=6, unique=False, draw=1)
"""a sample in which the label comes several times"""
CASES = {
    **{("softmax", name): snippets.softmax(live) for name, live in {**LIVES, "zero": ZERO}.items()},
    **{
        (lesson, name): getattr(snippets, lesson)(live)
        for lesson in ("cross_entropy", "gradient", "sequence", "sampled_softmax", "nce", "race")
        for name, live in LIVES.items()
    },
    **{("cross_entropy", s): snippets.cross_entropy(DEFAULT_LIVE, smoothing=s) for s in (0.0, 0.5)},
    ("sequence", "end"): snippets.sequence(LIVES["ten"], sequence=1, time=5),
    **{
        ("sampled_softmax", small): snippets.sampled_softmax(DEFAULT_LIVE, small=small)
        for small in (
            *(sampled_softmax.Small(sampler) for sampler in SAMPLERS),
            *(sampled_softmax.Small(num_sampled=3, draw=draw) for draw in range(5)),
            REPEATED,
            REPEATED._replace(subtract_log_q=False),
            REPEATED._replace(remove_accidental_hits=False),
        )
    },
    **{
        ("nce", f"{sampler} {count}"): snippets.nce(LIVES["ten"], num_sampled=count, sampler=sampler, seed=count)
        for sampler in nce.SAMPLERS
        for count in (1, 8)
    },
}
CASES |= {
    ("clinic", case): snippet for case in clinic.CASES if (snippet := snippets.clinic(clinic.Told(case))) is not None
}
FOLDERS = sorted({snippet.folder for snippet in CASES.values()})
NUMBER = re.compile(r"-?(?:inf|nan|\d+\.?\d*(?:e[-+]?\d+)?)")
RUN = """
import contextlib, io, json, sys
printed = []
for code in json.load(sys.stdin):
    with contextlib.redirect_stdout(io.StringIO()) as out:
        exec(code, {})
    printed.append(out.getvalue())
print(json.dumps(printed))
"""


def parsed(text):
    """What was printed: a row of numbers for each name."""
    parts = re.split(r"^([a-z_]+) ", text.strip(), flags=re.MULTILINE)[1:]
    return {name: [float(x) for x in NUMBER.findall(row)] for name, row in zip(parts[::2], parts[1::2], strict=True)}


def check(printed, snippet, framework):
    printed, expected = parsed(printed), parsed(snippet.output(framework))
    assert printed.keys() == expected.keys()
    for name in expected:
        # the frameworks count in float32, in which a logit of 300 is known to 3e-5; five decimals are printed
        tolerance = {"rtol": 0, "atol": 1.01e-5} if framework == "numpy" else {"rtol": 1e-6, "atol": 5e-5}
        np.testing.assert_allclose(printed[name], expected[name], **tolerance, err_msg=name)


@pytest.mark.parametrize("case", CASES, ids=str)
def test_numpy_prints_what_core_computes(case):
    with contextlib.redirect_stdout(io.StringIO()) as out:
        exec(CASES[case].code("numpy"), {})
    check(out.getvalue(), CASES[case], "numpy")


@pytest.mark.frameworks
@pytest.mark.parametrize("framework", [name for name in snippets.FRAMEWORKS if name != "numpy"])
def test_a_framework_prints_what_core_computes(framework):
    codes = [snippet.code(framework) for snippet in CASES.values()]
    needed = {module for code in codes for module in re.findall(r"^(?:import|from) (\w+)", code, re.MULTILINE)}
    python = next((python for python in pythons() if all(imports(python, module) for module in needed)), None)
    if python is None:
        pytest.skip(f"no Python here has {framework}: see requirements-frameworks.txt")
    done = subprocess.run([python, "-c", RUN], input=json.dumps(codes), capture_output=True, text=True)
    assert done.returncode == 0, done.stderr[-3000:]
    for snippet, printed in zip(CASES.values(), json.loads(done.stdout.splitlines()[-1]), strict=True):
        check(printed, snippet, framework)


def pythons():
    return os.environ.get("FRAMEWORKS_PYTHON", sys.executable).split(os.pathsep)


def imports(python, module):
    find = f"import importlib.util, sys; sys.exit(importlib.util.find_spec({module!r}) is None)"
    return subprocess.run([python, "-c", find]).returncode == 0


def test_there_is_a_program_in_every_folder_for_every_framework():
    assert len(FOLDERS) >= 8
    written = {path.relative_to(snippets.CODE).as_posix() for path in snippets.CODE.glob("*/*.py")}
    assert written == {f"{folder}/{framework}.py" for folder in FOLDERS for framework in snippets.FRAMEWORKS}


@pytest.mark.parametrize("framework", snippets.FRAMEWORKS)
@pytest.mark.parametrize("folder", FOLDERS)
def test_a_program_has_room_for_every_number_and_no_hole(folder, framework):
    snippet = next(snippet for snippet in CASES.values() if snippet.folder == folder)
    template = (snippets.CODE / folder / f"{framework}.py").read_text(encoding="utf-8")
    assert max(map(len, template.splitlines())) < 80
    names = [node.id for node in ast.walk(ast.parse(template)) if isinstance(node, ast.Name) and node.id.isupper()]
    assert sorted(set(names) - {"F"}) == sorted(snippet.given)
    filled = ast.walk(ast.parse(snippet.code(framework)))
    assert {node.id for node in filled if isinstance(node, ast.Name) and node.id.isupper()} <= {"F"}


@pytest.mark.parametrize("name", LIVES)
def test_the_numbers_in_the_program_are_those_of_the_learner(name):
    live, made = LIVES[name], {}
    with contextlib.redirect_stdout(io.StringIO()):
        exec(snippets.gradient(live).code("numpy"), made)
    assert made["logits"].tolist() == live.logits.tolist()
    assert (made["label"], made["temperature"]) == (live.label, live.temperature)


def test_tensorflow_removes_one_copy_of_a_class_that_was_drawn_several_times():
    batch = sampled_softmax.batch(DEFAULT_LIVE, REPEATED)
    hits = core.accidental_hits(batch["labels"], batch["sampled_values"].sampled)
    assert hits.sum(axis=1).max() > 1
    snippet = snippets.sampled_softmax(DEFAULT_LIVE, small=REPEATED)
    assert snippet.output("tensorflow") != snippet.output("torch") == snippet.output("numpy")
    unique = snippets.sampled_softmax(DEFAULT_LIVE)
    assert not unique.differing


def test_the_program_of_the_clinic_prints_the_mean_that_was_meant():
    made = [name for lesson, name in CASES if lesson == "clinic"]
    assert len(made) > 10
    for name in made:
        right = clinic.CASES[name].found().right
        assert parsed(CASES["clinic", name].output("numpy"))["mean"] == pytest.approx([right], abs=1e-5), name


@pytest.mark.parametrize(
    ("predictions", "labels"),
    [
        ("[[1e7, 0.0]]", "[0]"),
        ("[[nan, 0.0]]", "[0]"),
        ("[[0.0, 1.0]]", "[0]"),
        ("[[1.0, 0.0]]", "[[0.5, 0.5]]"),
        ("[[1.0, 0.0]]", "[-100]"),
        ("", ""),
        (str(np.zeros((300, 2)).tolist()), str([0] * 300)),
    ],
)
def test_what_is_no_program_in_the_clinic(predictions, labels):
    assert snippets.clinic(clinic.Told(clinic.OWN, predictions, labels, call="torch")) is None


def test_an_unknown_framework_is_an_error():
    with pytest.raises(ValueError, match=r"framework must be one of numpy, .* got 'theano'"):
        snippets.softmax(DEFAULT_LIVE).code("theano")
