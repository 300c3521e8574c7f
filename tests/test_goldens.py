"""Every golden case as a test of its own, and the runner itself: it must be able to fail."""

import copy
import gzip
import json
import pathlib

import numpy as np
import pytest

import core
from tests import goldens

FILE = pathlib.Path(__file__).with_name("goldens.json.gz")
CASES = goldens.load(str(FILE))
HERE = [case for case in CASES if case["function"] in goldens.CHECKS]
BY_ID = {case["id"]: case for case in CASES}


@pytest.mark.parametrize("case", HERE, ids=[case["id"] for case in HERE])
def test_golden(case):
    assert list(goldens.failures(case)) == []


def test_every_case_is_either_checked_or_awaited():
    assert len(CASES) == 164
    assert len(HERE) == 164
    assert {case["function"] for case in CASES} - set(goldens.CHECKS) <= goldens.NOT_YET
    assert not goldens.NOT_YET & set(goldens.CHECKS)


def test_framework_own_is_reasoned_and_used():
    keys = {(case["function"], key) for case in HERE for key in case["expected"]}
    assert {key for key in goldens.FRAMEWORK_OWN if "gpu" not in key[1] and "jax" not in key[1]} <= keys
    assert all(len(reason) > 20 for reason in goldens.FRAMEWORK_OWN.values())


def test_every_deliberate_difference_is_reasoned_and_real():
    """Each stands in the file, and core's own answer to it, hits masked by core, is another than the framework's."""
    assert set(goldens.DELIBERATE) <= set(BY_ID)
    assert all(len(reason) > 20 for reason in goldens.DELIBERATE.values())
    differing = set()
    for case in CASES:
        given = {name: goldens.decode(value) for name, value in {**case["params"], **case["inputs"]}.items()}
        if case["function"] == "accidental_hits" or given.get("remove_accidental_hits"):
            labels, sampled = given["labels"], given["sampled"]
            if core.accidental_hits(labels, sampled).sum() > goldens._last_copies(labels, sampled).sum():
                differing.add(case["id"])
    assert differing == set(goldens.DELIBERATE)


def write(path, cases):
    path.write_text(json.dumps({"cases": cases}))
    return str(path)


def changed(id_, change):
    case = copy.deepcopy(BY_ID[id_])
    change(case)
    return case


def nudge(value):
    """The first number of an encoded value, a little larger; an id, the next; an error, none."""
    if isinstance(value, dict) and "$summary" in value:
        value["$summary"]["l2"] += 0.01
        return value
    if isinstance(value, dict) and "$rows" in value:
        value["$rows"]["values"] = nudge(value["$rows"]["values"])
        return value
    if isinstance(value, dict) and "$array" not in value:
        return {"error_type": "SomeError"} if value == goldens.NO_ERROR else goldens.NO_ERROR
    if isinstance(value, dict):
        value["$array"] = nudge(value["$array"])
        return value
    if isinstance(value, list):
        return [nudge(value[0]), *value[1:]]
    if isinstance(value, bool):
        return not value
    if isinstance(value, int):
        return value + 1
    return 0.123 if isinstance(value, str) else value + 0.01 + 0.01 * abs(value)


NUMBERS = [
    (case["id"], key)
    for case in HERE
    if "V200000_d300" not in case["id"]
    for key in case["expected"]
    if (case["function"], key) not in goldens.FRAMEWORK_OWN
    if np.size(goldens.decode(case["expected"][key])) > 0
]
"""Every expected number of every case (but the largest, for the time they take, and what is empty)."""


@pytest.mark.parametrize(("id_", "key"), NUMBERS, ids=[f"{id_}-{key}" for id_, key in NUMBERS])
def test_a_corrupted_number_fails(id_, key):
    def corrupt(case):
        case["expected"][key] = nudge(case["expected"][key])

    lines = list(goldens.failures(changed(id_, corrupt)))
    assert lines
    assert all(key in line for line in lines)


def test_a_corrupted_summary_fails():
    array = np.arange(6.0).reshape(2, 3)
    summary = {"shape": [2, 3], "sum": 15.0, "abs_sum": 15.0, "l2": 55**0.5, "max": 5.0, "min": 0.0}
    summary["probes"] = [{"index": [1, 2], "value": 5.0}]
    exact = {"rtol": 1e-12, "atol": 0}
    assert goldens._difference(array, {"$summary": summary}, exact) is None
    for name in ("sum", "abs_sum", "l2", "max", "min"):
        assert name in goldens._difference(array, {"$summary": {**summary, name: summary[name] + 0.1}}, exact)
    probe = [{"index": [1, 1], "value": 4.1}]
    assert "[1, 1]" in goldens._difference(array, {"$summary": {**summary, "probes": probe}}, exact)
    assert "shape" in goldens._difference(array.T, {"$summary": summary}, exact)


def test_runner_passes(tmp_path, capsys):
    path = write(tmp_path / "good.json", [BY_ID["seed/sparse_ce_float64"], BY_ID["softmax/vector5"]])
    assert goldens.main([path]) == 0
    assert capsys.readouterr().out == "2 passed, 0 failed\n"


def test_runner_reads_gz_and_several_files(tmp_path, capsys):
    path = tmp_path / "good.json.gz"
    with gzip.open(path, "wt") as file:
        json.dump({"cases": [BY_ID["softmax/vector5"]]}, file)
    assert goldens.main([str(path), write(tmp_path / "other.json", [BY_ID["vjp/3x5"]])]) == 0
    assert capsys.readouterr().out.endswith("2 passed, 0 failed\n")


def test_runner_fails_on_a_wrong_number(tmp_path, capsys):
    def corrupt(case):
        case["expected"]["loss"]["$array"][1] = 3.0

    cases = [changed("seed/sparse_ce_float64", corrupt), BY_ID["softmax/vector5"]]
    assert goldens.main([write(tmp_path / "bad.json", cases)]) == 1
    out = capsys.readouterr().out
    assert "seed/sparse_ce_float64: [float64] loss: got np.float64(3.07623087" in out
    assert "expected np.float64(3.0)" in out
    assert out.endswith("1 passed, 1 failed\n")


def test_runner_fails_on_a_wrong_float32_number(tmp_path, capsys):
    def corrupt(case):
        case["expected"]["loss"]["$array"][1] = 3.0763

    assert goldens.main([write(tmp_path / "bad.json", [changed("seed/sparse_ce_float32", corrupt)])]) == 1
    assert "[float32] loss" in capsys.readouterr().out


def test_runner_fails_on_what_it_does_not_know(tmp_path, capsys):
    def new_key(case):
        case["expected"]["surprise"] = 1.0

    def new_param(case):
        case["params"]["margin"] = 1.0

    def new_dtype(case):
        case["tolerance"]["bfloat16"] = {"rtol": 1, "atol": 1}

    def no_inputs(case):
        del case["inputs"]

    def no_labels(case):
        del case["inputs"]["labels"]

    cases = [
        changed("seed/sparse_ce_float64", change) for change in (new_key, new_param, new_dtype, no_inputs, no_labels)
    ]
    assert goldens.main([write(tmp_path / "new.json", cases)]) == 1
    out = capsys.readouterr().out
    for word in ("surprise", "margin", "bfloat16", "KeyError: 'inputs'", "labels"):
        assert word in out
    assert out.endswith("0 passed, 5 failed\n")


def test_runner_fails_if_a_bad_label_is_taken(tmp_path, capsys):
    def good_label(case):
        case["inputs"]["labels"]["$array"] = [1, 0]

    assert goldens.main([write(tmp_path / "label.json", [changed("labels/negative", good_label)])]) == 1
    assert "took the labels [1, 0]" in capsys.readouterr().out


def test_runner_names_what_is_not_yet(tmp_path, capsys, monkeypatch):
    monkeypatch.setattr(goldens, "NOT_YET", {"ctc_loss"})
    cases = [{**BY_ID["softmax/vector5"], "function": name} for name in ("ctc_loss", "hinge_loss")]
    assert goldens.main([write(tmp_path / "later.json", [*cases, BY_ID["softmax/vector5"]])]) == 0
    assert "not yet 2 (ctc_loss 1, hinge_loss (unknown) 1)" in capsys.readouterr().out


def test_runner_fails_on_wrong_rows():
    """A large sparse gradient is recorded by its touched rows: how many, the first ids, and sums of the numbers."""
    summary = {"shape": [2], "sum": 3.0, "abs_sum": 3.0, "l2": 5**0.5, "max": 2.0, "min": 1.0, "probes": []}
    want = {"touched_rows": 2, "touched_ids_first": [3], "rows_summary_in_id_order": {"$summary": summary}}
    exact, rows = {"rtol": 1e-12, "atol": 0}, np.array([2.0, 1.0])
    assert goldens._difference(goldens._Rows(np.array([7, 3]), rows), want, exact) is None
    for ids, numbers in (([7, 4], rows), ([7], rows[:1]), ([7, 3], rows + 1)):
        assert "got" in goldens._difference(goldens._Rows(np.array(ids), numbers), want, exact)


def test_runner_fails_if_an_error_was_expected_or_raised(tmp_path, capsys):
    def swap(case):
        case["expected"] = {
            "num_sampled_equal_range_unique": {"error_type": "E"},
            "true_class_negative": goldens.NO_ERROR,
        }

    assert goldens.main([write(tmp_path / "errors.json", [changed("sampler_errors/tf", swap)])]) == 1
    out = capsys.readouterr().out
    assert "num_sampled_equal_range_unique: got" in out
    assert "true_class_negative: got ValueError" in out


@pytest.mark.parametrize("tolerance", [{}, {"bfloat16": {"rtol": 1, "atol": 1}}, {"exact": False}])
def test_a_case_without_a_tolerance_fails(tolerance):
    def loosen(case):
        case["tolerance"] = tolerance

    assert any(line.startswith("tolerance") for line in goldens.failures(changed("accidental_hits/plain", loosen)))


@pytest.mark.parametrize("content", ["", "{", "[]", '{"cases": []}', '{"nothing": 1}', "3", None])
def test_runner_fails_without_cases(tmp_path, capsys, content):
    path = tmp_path / "empty.json"
    if content is not None:
        path.write_text(content)
    assert goldens.main([str(path)]) == 1
    assert "0 passed, 0 failed" in capsys.readouterr().out


def test_runner_fails_on_broken_gz_and_on_no_file(tmp_path):
    path = tmp_path / "broken.json.gz"
    path.write_bytes(FILE.read_bytes()[:1000])
    assert goldens.main([str(path)]) == 1
    assert goldens.main([]) == 1


def test_another_generator_is_noticed():
    recipe = copy.deepcopy(BY_ID["dense_layer/V200000_d300_B32"]["inputs"]["h"])
    assert goldens.decode(recipe).shape == (32, 300)
    recipe["check"]["first"][1] += 1e-6
    with pytest.raises(ValueError, match="draws other numbers"):
        goldens.decode(recipe)
