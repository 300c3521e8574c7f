"""Each claim of the shape lab, the ignored positions and the means, held to core and to what the frameworks said."""

import itertools

import numpy as np
import pytest

import core
from data.messages import make
from explainers import shape_lab as lab
from explainers.step import Live, fmt
from tests.explainers.lives import DEFAULT_LIVE, LIVES

ALL = pytest.mark.parametrize("live", LIVES.values(), ids=LIVES)
CHOICES = list(itertools.product(lab.LABELS, lab.LOGITS, lab.CALLS, (-1, 0, 1)))
SPARSE = ("keras_sparse", "tensorflow", "numpy_take")


def figure(step, title):
    return next(f for f in step.figures if f.get("title") == title)


def said(*choice):
    return lab.answer(lab.case_key(*choice))


def number(*choice):
    return float(said(*choice)["value"])


def done(key, live=DEFAULT_LIVE, **choices):
    return next(c.done for c in lab.challenges(live, **choices) if c.key == key)


# ---- the recording ----


def test_every_case_of_the_script_is_recorded_and_no_other():
    assert [case.key for case in make.cases()] == list(lab.recorded()["cases"])
    assert set(lab.recorded()["versions"]) == {case.framework for case in make.cases()}


def test_core_computes_every_number_that_was_recorded():
    numbers = [choice for choice in CHOICES if "value" in said(*choice)]
    assert len(numbers) > 60
    for choice in numbers:
        assert lab.computed(*choice) == pytest.approx(number(*choice), abs=1e-5), choice


@pytest.mark.parametrize("framework", ["numpy", "torch", "tensorflow", "keras"])
def test_a_framework_that_is_here_still_says_what_was_recorded(framework):
    if framework != "numpy":
        pytest.importorskip(framework)
    modules = make.installed()[framework]
    asked = [case for case in make.cases() if case.framework == framework]
    assert asked
    for case in asked:
        now, then = make.answer(case, modules), lab.answer(case.key)
        assert now.get("error") == then.get("error"), case.key
        if "value" in then:
            assert float(now["value"]) == pytest.approx(float(then["value"]), abs=1e-5, nan_ok=True), case.key


def test_the_step_shows_the_recorded_error_or_the_number_of_core():
    for choice in CHOICES:
        step, answer = lab.shapes(*choice), said(*choice)
        code, sign = step.numbers["said_code"], step.numbers["sign"]
        if "error" in answer:
            assert (code, sign) == (f"{answer['error']}: {answer['message']}", "✗"), choice
            assert not figure(step, "−ln p")["marks"]
        else:
            right = abs(number(*choice) - lab.right()) < 1e-5
            assert (code, sign) == (fmt(lab.computed(*choice)), "✓" if right else "⚠"), choice


def test_the_code_that_is_shown_is_the_code_that_is_run():
    names = {"np": np, "softmax": core.softmax, "log_softmax": core.log_softmax}
    for labels_as, logits_as, call, off_by in CHOICES:
        if call.startswith("numpy") and "value" in said(labels_as, logits_as, call, off_by):
            *lines, ask = lab.shapes(labels_as, logits_as, call, off_by).numbers["asked_code"].splitlines()
            known = names | {"y": lab.IDS, "z": lab.BLOCK}
            exec("\n".join(lines), known)
            assert float(eval(ask, known)) == pytest.approx(number(labels_as, logits_as, call, off_by))
            assert lines[-2].endswith(f"# {list(known['logits'].shape)}")
            assert lines[-1].endswith(f"# {list(known['labels'].shape)}")


def test_the_calls_side_by_side_are_marked_as_right_wrong_and_raising():
    for labels_as, logits_as, _, off_by in CHOICES:
        picture = figure(lab.shapes(labels_as, logits_as, "torch", off_by), "labels, logits → L")
        for call, (text,), (share,) in zip(lab.CALLS, picture["texts"], picture["shares"], strict=True):
            kind = lab.verdict(labels_as, logits_as, call, off_by)
            assert (text[0], np.sign(share)) == {"right": ("✓", 1), "error": ("✗", 0), "silent": ("⚠", -1)}[kind]


# ---- item 8: softmax over the wrong axis ----


@pytest.mark.parametrize(("logits_as", "own"), [("over_time", 1), ("over_batch", 0)])
def test_item_8_a_softmax_over_the_wrong_axis_makes_that_axis_sum_to_one_and_not_the_rows(logits_as, own):
    picture = figure(lab.shapes("ids", logits_as, "keras_sparse"), lab.LOGITS[logits_as].code)
    cells = np.array([[float(text) for text in row[1:]] for row in picture["texts"]])
    probs, margin = cells[:6].reshape(2, 3, 4), cells[6:]
    np.testing.assert_allclose(margin, 1.0)
    np.testing.assert_allclose(probs.sum(axis=own), 1.0, atol=3e-4)
    sums = [float(row[0]) for row in picture["texts"][:6]]
    np.testing.assert_allclose(sums, probs.sum(axis=-1).reshape(-1), atol=3e-4)
    assert picture["marks"] == [[row, 0] for row in range(6)]


@pytest.mark.parametrize("logits_as", ["over_time", "over_batch"])
@pytest.mark.parametrize("call", SPARSE)
def test_item_8_nobody_notices_a_softmax_over_the_wrong_axis(logits_as, call):
    assert lab.verdict("ids", logits_as, call, 0) == "silent"
    assert number("ids", logits_as, call, 0) > 2 * lab.right()


# ---- items 15 and 16: which labels, which axis ----


def test_item_15_ids_and_one_hot_are_not_interchangeable():
    assert lab.verdict("one_hot", "as_is", "keras_categorical", 0) == "right"
    for call in SPARSE:
        assert lab.verdict("ids", "as_is", call, 0) == "right"
        assert lab.verdict("one_hot", "as_is", call, 0) == "error"
    assert lab.verdict("ids", "as_is", "keras_categorical", 0) == "error"


def test_item_15_one_hot_labels_in_torch_look_better_than_the_right_loss():
    choice = ("one_hot", "as_is", "torch", 0)
    assert lab.verdict(*choice) == "silent"
    assert number(*choice) < lab.right()
    over_time = 0.0 - core.log_softmax(lab.BLOCK.astype(float), axis=1)
    wrong = np.take_along_axis(over_time, lab.IDS[..., None], -1).sum() / (2 * 4)  # as if time were the classes
    assert number(*choice) == pytest.approx(wrong, abs=1e-5)


def test_item_16_labels_have_one_axis_fewer_and_each_id_picks_one_cell_of_its_row():
    assert lab.IDS.shape == lab.BLOCK.shape[:-1]
    step = lab.shapes("ids", "as_is", "tensorflow")
    assert figure(step, "−ln p")["marks"] == [[row, y] for row, y in enumerate(lab.IDS.reshape(-1))]
    ticked = [
        [r, c] for r, row in enumerate(figure(step, "(b, t, V)")["texts"]) for c, text in enumerate(row) if "✓" in text
    ]
    assert ticked == figure(step, "(b, t, V)")["marks"]


def test_item_16_pytorch_wants_the_classes_second():
    right = {
        (labels, logits)
        for labels, logits, call, off in CHOICES
        if call == "torch" and off == 0 and lab.verdict(labels, logits, call, off) == "right"
    }
    assert right == {("ids", "transposed"), ("flat", "flat")}
    assert "Expected target size [2, 4], got [2, 3]" in said("ids", "as_is", "torch", 0)["message"]
    for call in SPARSE:
        assert lab.verdict("ids", "transposed", call, 0) == "error"


def test_item_16_a_view_in_place_of_a_transpose_scrambles_without_an_error():
    def tiles(logits_as):
        return [set(row // 4) for row in lab.seen(logits_as, "torch").origin]

    assert lab.LOGITS["view"].make(lab.BLOCK).shape == lab.LOGITS["transposed"].make(lab.BLOCK).shape
    assert all(len(row) == 1 for row in tiles("transposed"))
    assert all(len(row) > 1 for row in tiles("view"))
    assert lab.verdict("ids", "view", "torch", 0) == "silent"
    step = lab.shapes("ids", "view", "torch")
    texts = figure(step, "(b, t, V)")["texts"]
    assert any("✓" not in texts[r][c] for r, c in figure(step, "(b, t, V)")["marks"])
    (question,) = [q for q in lab.questions(DEFAULT_LIVE) if q.key == "shapes"]
    assert question.answer == 2


def test_item_16_the_framed_cells_make_up_the_loss():
    for choice in CHOICES:
        if "value" in said(*choice) and choice[2] != "numpy_index":  # which frames all labels in every row
            picture = figure(lab.shapes(*choice), "−ln p")
            framed = [float(picture["texts"][r][c]) for r, c in picture["marks"]]
            assert sum(framed) / len(picture["rows"]) == pytest.approx(lab.computed(*choice), abs=1e-4), choice


# ---- item 18: ids from 0 ----


def test_item_18_off_by_one_each_back_end_has_its_own_way_out():
    def answers(name):
        return [lab.answer(f"backends/{name}/{off}") for off in (-1, 1)]

    for name, label in itertools.product(("torch", "tensorflow"), (-1, 4)):
        message = answers(name)[label == 4]["message"]
        assert f"{label} is out" in message or f"value of {label} which is outside" in message
    assert [answer["value"] for answer in answers("xla")] == ["nan", "nan"]
    below, above = answers("numpy")
    assert above["error"] == "IndexError"
    last = np.where(lab.IDS == 0, 3, lab.IDS - 1)
    assert below["value"] == pytest.approx(core.sparse_cross_entropy(lab.BLOCK, last, reduction="mean"), abs=1e-5)
    right = fmt(lab.right())
    for off_by in (-1, 1):
        picture = figure(lab.shapes(off_by=off_by), "L")
        assert picture["texts"] == [["✗", right, "✗"]] * 2 + [["NaN", right, "NaN"], [fmt(below["value"]), right, "✗"]]
        signs = [
            [-1, 1, -1] if name == "xla" else [-1, 1, 0] if name == "numpy" else [0, 1, 0] for name in lab.BACKENDS
        ]
        np.testing.assert_array_equal(np.sign(picture["shares"]), signs)  # blue is right, red is wrong without an error
    assert not [f for f in lab.shapes().figures if f["title"] == "L"]


@pytest.mark.parametrize(("off_by", "at"), [(-1, 0), (1, 3)])
def test_item_18_a_one_hot_row_off_by_one_is_all_zeros_and_says_nothing(off_by, at):
    choice = ("one_hot", "as_is", "keras_categorical", off_by)
    assert lab.verdict(*choice) == "silent"
    rows = lab.picked(*choice).sum(axis=-1)
    np.testing.assert_array_equal(rows, (lab.IDS.reshape(-1) != at).astype(float))


# ---- item 19: what does not count ----


@pytest.mark.parametrize(("padding", "padded"), [*itertools.product(lab.PADDING, range(lab.NUM_TILES + 1))])
def test_item_19_the_frameworks_count_as_core_does(padding, padded):
    recorded = float(lab.answer(f"padding/{padding}/{padded}")["value"])
    assert lab.counted(DEFAULT_LIVE, padded, padding).mean == pytest.approx(recorded, abs=1e-5, nan_ok=True)
    shown = lab.ignored(DEFAULT_LIVE, padded, padding).numbers
    if padded < lab.NUM_TILES:
        assert shown["total"] / float(shown["count"]) == pytest.approx(recorded, abs=1e-5)


def test_item_19_nothing_to_count_is_nan_in_torch_and_0_in_keras_with_no_gradient():
    assert lab.answer("padding/ignore_index/5")["value"] == "nan"
    assert np.isnan(lab.ignored(DEFAULT_LIVE, 5, "ignore_index").numbers["mean"])
    for padding in ("ignore_class", "sample_weight"):
        assert lab.answer(f"padding/{padding}/5")["value"] == 0
        assert lab.ignored(DEFAULT_LIVE, 5, padding).numbers["mean"] == 0
    logits = np.tile(DEFAULT_LIVE.logits, (5, 1))
    assert not core.sparse_cross_entropy_grad(logits, np.full(5, -100), ignore_index=-100, reduction="mean").any()


@ALL
def test_item_19_a_weight_of_0_leaves_the_denominator_as_it_is_and_the_loss_looks_better(live):
    kept = [lab.counted(live, padded, "sample_weight") for padded in range(lab.NUM_TILES + 1)]
    assert all(counted.counts.sum() == lab.NUM_TILES for counted in kept)
    assert all(np.diff([counted.mean for counted in kept]) <= 0)
    for padded in range(lab.NUM_TILES):
        out = lab.counted(live, padded, "ignore_index")
        assert out.counts.sum() == lab.NUM_TILES - padded
        labels = lab.tile_labels(live)[: lab.NUM_TILES - padded]
        losses = [core.sparse_cross_entropy(live.logits, y, temperature=live.temperature) for y in labels]
        assert out.mean == pytest.approx(np.mean(losses))


@ALL
def test_item_19_a_pad_id_that_nobody_masks_is_a_class(live):
    every = lab.counted(live, lab.NUM_TILES, "pad_id")
    assert every.counts.sum() == lab.NUM_TILES
    assert every.mean == pytest.approx(core.sparse_cross_entropy(live.logits, 0, temperature=live.temperature))
    assert lab.ignored(live, 5, "pad_id").numbers["pad_name"] == live.names[0]
    easier = Live(
        live.names, live.logits + 5 * live.temperature * core.one_hot(0, len(live.names)), 0, live.temperature
    )
    assert lab.counted(easier, lab.NUM_TILES, "pad_id").mean <= every.mean


# ---- item 20: the mean of what ----


@ALL
@pytest.mark.parametrize("second", [1, lab.FIRST, 20])
def test_item_20_every_token_counts_once(live, second):
    labels = np.repeat([live.label, (live.label + 1) % len(live.names)], [lab.FIRST, second])
    logits = np.tile(live.logits, (len(labels), 1))
    numbers = lab.means(live, second).numbers
    mean = core.sparse_cross_entropy(logits, labels, temperature=live.temperature, reduction="mean")
    assert numbers["of_tokens"] == pytest.approx(mean)
    halves = [
        core.sparse_cross_entropy(logits[part], labels[part], temperature=live.temperature, reduction="mean")
        for part in (slice(lab.FIRST), slice(lab.FIRST, None))
    ]
    assert numbers["of_means"] == pytest.approx(np.mean(halves))
    if second == lab.FIRST:
        assert numbers["off"] == pytest.approx(0, abs=1e-9 * max(1, mean))
    elif abs(numbers["first"] - numbers["second"]) > 1e-9:
        assert numbers["off"] > 0


def test_item_20_accumulated_gradients_are_sums_divided_once():
    live, second = DEFAULT_LIVE, 20
    labels = np.repeat([live.label, (live.label + 1) % 4], [lab.FIRST, second])
    logits = np.tile(live.logits, (len(labels), 1))

    def bias_grad(part, reduction):
        return core.sparse_cross_entropy_grad(logits[part], labels[part], reduction=reduction).sum(axis=0)

    parts = (slice(lab.FIRST), slice(lab.FIRST, None))
    wanted = bias_grad(slice(None), "mean")
    np.testing.assert_allclose(sum(bias_grad(part, "sum") for part in parts) / len(labels), wanted)
    assert np.abs(sum(bias_grad(part, "mean") for part in parts) / 2 - wanted).max() > 0.1


@ALL
def test_item_20_perplexity_is_exp_of_the_mean_and_the_mean_of_exps_is_never_less(live):
    numbers = lab.means(live, 20).numbers
    with np.errstate(over="ignore"):
        assert numbers["perplexity"] == pytest.approx(np.exp(numbers["of_tokens"]))
    assert numbers["mean_perplexity"] >= numbers["perplexity"] * (1 - 1e-12)


def test_item_20_mean_of_exps_differs():
    numbers = lab.means(DEFAULT_LIVE, 4).numbers
    expected = (np.exp(numbers["first"]) + np.exp(numbers["second"])) / 2
    assert numbers["mean_perplexity"] == pytest.approx(expected)
    assert numbers["mean_perplexity"] > numbers["perplexity"] + 0.1


def test_the_question_about_two_means_follows_the_lengths_and_the_board():
    def answer(live, second):
        return next(q.answer for q in lab.questions(live, second=second) if q.key == "means")

    assert [answer(DEFAULT_LIVE, second) for second in (1, 4, 20)] == [0, 1, 2]
    assert answer(LIVES["tie"], 20) == 1


def test_challenges_are_reached_and_not_otherwise():
    assert done("silent", labels_as="one_hot")
    assert done("silent", logits_as="view")
    assert not done("silent", call="numpy_index")
    assert not done("silent", logits_as="transposed")
    assert done("nothing", padded=5)
    assert not done("nothing", padded=5, padding="ignore_class")
    assert not done("nothing", padded=4)
    assert done("agree", second=lab.FIRST)
    assert not done("agree", second=lab.FIRST + 1)
    assert not done("agree", LIVES["tie"], second=lab.FIRST)
