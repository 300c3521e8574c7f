"""Each claim of the lesson on sampled softmax, computed once more by core."""

import dataclasses
import itertools
import time
from concurrent.futures import ThreadPoolExecutor

import numpy as np
import pytest

import core
from data.sampled import make as data
from explainers import sampled_bench as bench
from explainers import sampled_softmax as lesson
from explainers.sampled_bench import Setting
from explainers.sampled_softmax import Small
from tests.explainers.lives import DEFAULT_LIVE, LIVES

ALL = pytest.mark.parametrize("live", LIVES.values(), ids=LIVES)
KINDS = [
    Small(sampler, count, unique, log_q, hits, draw)
    for sampler, count, unique, log_q, hits, draw in itertools.product(
        bench.SAMPLERS, (1, 20), (True, False), (True, False), (True, False), (0, 999)
    )
]


def step(key, live=DEFAULT_LIVE, **options):
    (found,) = lesson.explain(live, only={key}, **options)
    return found


def column(step, title, figure=0):
    return next(c["values"] for c in step.figures[figure]["columns"] if c["title"] == title)


def done(key, live=DEFAULT_LIVE, **options):
    return next(c.done for c in lesson.challenges(live, **options) if c.key == key)


def answer(key, **options):
    return next(q.answer for q in lesson.questions(DEFAULT_LIVE, **options) if q.key == key)


# ---- item 45: what it costs ----


def test_item_45_a_step_is_about_200_times_cheaper_and_a_prediction_is_not():
    train, predict = step("cost").numbers, step("cost", phase="predict").numbers
    assert float(train["part"]) == 1001 * 512
    assert train["ratio"] == train["train_ratio"] == predict["train_ratio"] == pytest.approx(200_000 / 1001)
    assert predict["ratio"] == 1
    assert predict["part"] == predict["full"]
    assert train["megabytes"] == pytest.approx(64 * 200_000 * 4 / 1e6)
    assert [answer("cost", classes=v, sampled=k) for v, k in ((2_000, 1_000), (20_000, 1_000), (200_000, 1_000))] == [
        0,
        1,
        2,
    ]
    assert answer("cost", classes=200_000, sampled=100) == 3


def test_item_45_the_stored_measurement_grows_with_the_classes_and_the_sampled_one_does_not():
    stored = lesson._stored_costs()
    assert [cost.num_classes for cost in stored] == list(bench.MEASURED_CLASSES)
    assert stored[-1].full > 20 * stored[0].full
    assert stored[-1].sampled < 3 * stored[0].sampled
    assert stored[-1].full > 20 * stored[-1].sampled


def test_item_45_measure_now_measures_once_a_run():
    now = step("cost", run=1)
    again = step("cost", run=1, classes=50_000)
    assert now.figures[1]["lines"] == again.figures[1]["lines"]
    assert now.figures[1]["lines"] != step("cost").figures[1]["lines"]
    assert all(seconds > 0 for cost in bench.measured_now(1) for seconds in cost[1:])


def test_a_class_that_measures_at_once_measures_once_and_one_at_a_time(monkeypatch):
    at_work, asked = [], []

    def measure(num_classes, repeats):
        assert not at_work
        at_work.append(num_classes)
        time.sleep(0.01)
        asked.append(at_work.pop())
        return bench.Cost(num_classes, 1.0, 1.0, 1.0)

    bench._measured.cache_clear()
    monkeypatch.setattr(bench, "measure", measure)
    with ThreadPoolExecutor(8) as students:
        told = list(students.map(bench.measured_now, [2, 3] * 8))
    bench._measured.cache_clear()
    assert len(told) == 16
    assert sorted(asked) == sorted(bench.MEASURED_CLASSES * 2)


# ---- items 31, 33, 44: the urn ----


def test_item_33_the_true_class_is_in_the_urn_and_is_caught_by_drawing_again():
    assert not done("hit")
    caught = [draw for draw in range(20) if done("hit", small=Small(draw=draw))]
    assert caught
    shown = step("urn", small=Small(draw=caught[0]))
    assert shown.numbers["hits"] == "1"
    assert DEFAULT_LIVE.label_name in shown.numbers["drawn"].split(", ")


@ALL
@pytest.mark.parametrize("name", bench.SAMPLERS)
def test_item_44_with_replacement_what_is_seen_is_what_is_expected(live, name):
    shown = step("urn", live, small=Small(name, 10, unique=False))
    q, expected, seen = (np.array(column(shown, title)) for title in ("q", "E", "200 ×"))
    np.testing.assert_allclose(expected, 10 * q)
    assert seen.sum() == pytest.approx(10)
    deviation = np.sqrt(10 * q * (1 - q) / bench.NUM_DRAWS)
    assert (np.abs(seen - expected) <= 5 * deviation + 0.03).all()
    assert shown.numbers["tries"] == "10"


@ALL
def test_item_44_a_unique_draw_of_all_classes_has_each_once(live):
    shown = step("urn", live, small=Small("uniform", 20))
    assert column(shown, "1 ×") == [1.0] * len(live.names)
    assert float(shown.numbers["mean_tries"]) >= len(live.names)


def test_item_44_expected_counts_of_a_unique_sample():
    shown = step("tries").numbers
    assert shown["naive"] == pytest.approx(1.38, abs=0.005)
    assert shown["naive"] > 1 > shown["seen"]
    assert shown["expected"] == pytest.approx(0.903, abs=0.01)
    assert shown["seen"] == pytest.approx(shown["expected"], abs=0.07)
    assert int(shown["mean_tries"]) == pytest.approx(168, abs=3)
    assert answer("tries") == 1
    assert step("tries", small=Small(draw=5)).numbers["tries"] != shown["tries"]


def test_item_31_one_sample_for_both_rows_of_the_batch():
    shown = step("apart", small=Small(num_sampled=3))
    weights, inputs, labels, sampled, logits, targets = shown.figures
    assert len(sampled["columns"]) == 3
    assert logits["columns"] == ["y", *sampled["columns"]] == targets["columns"]
    assert len(logits["rows"]) == len(inputs["rows"]) == len(labels["rows"]) == 2
    assert [row[0] for row in targets["texts"]] == ["1", "1"]
    assert len(weights["marks"]) == 3 * int(shown.numbers["touched"])


# ---- item 32: ids are ranks ----


def test_item_32_log_uniform_follows_the_ids_and_a_shuffle_doubles_the_error():
    sampler = core.LogUniformSampler(bench.NUM_CLASSES)
    data_share = 1 / np.arange(1, bench.NUM_CLASSES + 1)
    data_share /= data_share.sum()
    assert np.abs(np.log(sampler.probs() / data_share)).max() < 0.4
    sorted_ids, shuffled = step("ids"), step("ids", order=1)
    assert sorted_ids.numbers["top_id"] == "0"
    assert shuffled.numbers["top_id"] != "0"
    assert shuffled.numbers["top_drawn"] < 0.1 * shuffled.numbers["top_data"]
    for order in (1, 2, 3):
        assert lesson._id_errors(order)[0] > 2 * lesson._id_errors(0)[0]
        assert min(lesson._id_errors(order)) == lesson._id_errors(order)[2]


def test_item_32_a_shuffle_is_the_same_model():
    model, other = bench.layer(0), bench.layer(7)
    assert other.loss == pytest.approx(model.loss, rel=1e-12)
    np.testing.assert_allclose(np.sort(other.logits), np.sort(model.logits))
    np.testing.assert_allclose(np.linalg.norm(other.grad), np.linalg.norm(model.grad))


# ---- items 29 and 30: the arguments ----


@ALL
@pytest.mark.parametrize("small", KINDS[::7])
def test_item_30_what_is_shown_is_a_hand_made_product(live, small):
    shown = step("apart", live, small=small)
    numbers = shown.numbers
    assert numbers["logit"] == pytest.approx(numbers["product"] - numbers["log_q"])
    assert (numbers["log_q"] == 0) or small.subtract_log_q
    framed = len(shown.figures[4]["marks"])
    assert framed == int(numbers["hits"])
    removed = sum(text == "−∞" for row in shown.figures[4]["texts"] for text in row)
    assert removed == (framed if small.remove_accidental_hits else 0)


def test_item_30_only_both_repairs_make_the_copied_answer_work():
    for weights, inputs in itertools.product(lesson.WEIGHTS, lesson.INPUTS):
        right = (weights, inputs) == ("transposed", "hidden")
        shown = step("copied", weights=weights, inputs=inputs)
        assert shown.numbers["said"].startswith("L = " if right else "ValueError: ")
        assert bool(shown.figures[0]["marks"]) != right
        assert done("faults", weights=weights, inputs=inputs) == right
    wrong_product = step("copied").numbers["said"]
    assert "inputs must" not in wrong_product  # the two wrong shapes fit each other


def test_item_30_the_listings_differ_in_the_two_arguments_alone():
    copied, repaired = (
        lesson.copied_code(*pair).splitlines() for pair in (("kernel", "logits"), ("transposed", "hidden"))
    )
    different = [(a.strip(), b.strip()) for a, b in zip(copied, repaired, strict=True) if a != b]
    assert different == [
        ("weights=dense.kernel,", "weights=tf.transpose(dense.kernel),"),
        ("inputs=logits,", "inputs=hidden,"),
    ]
    with pytest.raises(ValueError, match="kernel"):
        lesson.copied_code("other", "logits")


def listing(code):
    made = {}
    exec(code, made)  # exactly what is shown
    return made


def test_item_29_the_keras_layer_that_is_shown_trains_sampled_and_evaluates_full():
    tf = pytest.importorskip("tensorflow")
    keras = pytest.importorskip("keras")
    keras.utils.set_random_seed(0)
    trained, predicts = listing(step("keras").numbers["layer_code"])["models"](8, 16, 500, 50)
    rng = np.random.default_rng(0)
    features, labels = rng.normal(size=(256, 8)).astype("float32"), rng.integers(500, size=256)
    before = trained.evaluate([features, labels], labels, verbose=0)
    logits = predicts.predict(features, verbose=0).astype(np.float64)
    assert logits.shape == (256, 500)
    assert before == pytest.approx(core.sparse_cross_entropy(logits, labels, reduction="mean"), rel=1e-5)
    fitted = trained.fit([features, labels], labels, epochs=1, verbose=0).history["loss"][0]
    assert fitted < before - 0.5  # a sampled loss says less, whatever was learnt
    with tf.GradientTape() as tape:
        loss = tf.reduce_mean(trained([features, labels], training=True))
    (sparse,) = tape.gradient(loss, [trained.layers[-1].rows.value])
    assert isinstance(sparse, tf.IndexedSlices)


@pytest.mark.parametrize(("weights", "inputs"), list(itertools.product(lesson.WEIGHTS, lesson.INPUTS)))
def test_item_30_the_copied_answer_that_is_shown_fails_in_tensorflow_until_both_are_repaired(weights, inputs):
    tf = pytest.importorskip("tensorflow")
    loss = listing(lesson.copied_code(weights, inputs))["loss"]
    dense = tf.keras.layers.Dense(500)
    hidden, labels = tf.random.normal((32, 16), seed=0), tf.range(32, dtype=tf.int64)
    dense(hidden)
    if (weights, inputs) == ("transposed", "hidden"):
        assert loss(dense, hidden, labels, 50, 500).shape == (32,)
    else:
        with pytest.raises(tf.errors.InvalidArgumentError):
            loss(dense, hidden, labels, 50, 500)


# ---- item 34: accidental hits ----


def test_item_34_chances_of_a_hit():
    chances = lesson._hit_chances(False)[:, lesson.HIT_SAMPLED.index(1_000)]
    np.testing.assert_allclose(chances[:5], [1.0, 0.9996, 0.558, 0.079, 0.008], atol=5e-4)
    assert (lesson._hit_chances(True) >= lesson._hit_chances(False) - 1e-12).all()
    assert lesson._hit_chances(True)[2, 2] > 0.7


def test_item_34_a_kept_hit_has_a_floor():
    kept, removed = (step("hits", small=Small(remove_accidental_hits=gone)) for gone in (False, True))
    lines = {line["text"]: np.array(line["points"])[:, 1] for line in kept.figures[1]["lines"]}
    assert lines["hits ✓"].min() >= np.log(2)
    assert lines["hits ✓"].min() == pytest.approx(np.log(2), abs=1e-3)
    assert lines["hits ✗"].min() < 1e-3
    assert kept.numbers["loss"] > np.log(2) > removed.numbers["loss"]


# ---- item 36: two promises ----


def test_item_36_with_replacement_and_hits_kept_no_pull_remains_for_any_sampler():
    for name in lesson.REST_SAMPLERS:
        assert lesson.pull_at_rest(name, False, False) < 1e-12
        assert 0.005 <= lesson.pull_at_rest(name, False, True) + 5e-4 <= 0.0756
        assert lesson.pull_at_rest(name, True, True) <= 0.007
        assert lesson.pull_at_rest(name, True, True) < lesson.pull_at_rest(name, True, False)
        assert lesson.pull_at_rest(name, False, True, form="importance") > 0.01
    assert lesson.pull_at_rest("uniform", True, True) < 1e-12
    assert lesson.pull_at_rest("log_uniform", False, False, subtract_log_q=False) > 0.01
    assert lesson.pull_at_rest("uniform", False, False, subtract_log_q=False) < 1e-12  # a constant


def test_item_36_rest_is_a_challenge_that_the_defaults_do_not_meet():
    assert not done("rest")
    assert done("rest", small=Small(unique=False, remove_accidental_hits=False))
    assert not done("rest", small=Small(unique=False, remove_accidental_hits=False, subtract_log_q=False))
    shown = step("rest", small=Small("softmax", unique=False, remove_accidental_hits=False))
    assert shown.numbers["now"] == 0
    assert shown.figures[0]["marks"] == [[2, 0]]


def test_item_36_the_models_own_softmax_makes_every_loss_exact():
    assert not done("point")
    small = Small("softmax", unique=False)
    assert done("point", small=small, form="importance")
    shown = step("bench", small=small, form="importance").numbers
    assert shown["spread"] == 0
    assert shown["mean"] == pytest.approx(shown["full"], abs=1e-9)
    assert shown["grad_spread"] > 0.1


# ---- items 29, 36 and 38: five losses ----


@ALL
@pytest.mark.filterwarnings("error")
def test_item_29_the_full_gradient_is_the_one_of_core_and_the_importance_form_takes_no_side(live):
    made = lesson.gradients(live, Small("softmax", 3, unique=False), 5)
    logits = live.logits / live.temperature
    np.testing.assert_allclose(made.grads["full"], core.sparse_cross_entropy_grad(logits, live.label))
    for name in lesson.LOSSES:
        assert made.losses[name].shape == (5,)
        assert np.isfinite(made.grads[name]).all()
    np.testing.assert_array_equal(made.pulls["full"], 0)
    if np.ptp(logits) < 15:  # nearer than the rarest class that is drawn
        hit_all = made.losses["importance"] == 0  # nothing but hits says nothing
        np.testing.assert_allclose(made.losses["importance"][~hit_all], made.losses["full"][~hit_all], atol=1e-6)


def test_item_36_in_the_mean_of_many_draws_the_pull_fades_and_the_distance_stays():
    small = Small("uniform", 3, unique=False, remove_accidental_hits=False)
    one, many = (step("five", small=small, many=many).numbers for many in (False, True))
    assert many["pull"] < 0.1
    assert many["pull"] < 0.4 * one["pull"]
    assert many["away"] > 0.1


def test_item_38_a_shift_of_all_logits_moves_nce_and_not_the_softmax_forms():
    shifted = dataclasses.replace(DEFAULT_LIVE, logits=DEFAULT_LIVE.logits + 3)
    before, after = (lesson.gradients(live, Small(), 3) for live in (DEFAULT_LIVE, shifted))
    for name in ("full", "sampled_softmax", "importance"):
        np.testing.assert_allclose(after.losses[name], before.losses[name], atol=1e-12)
    for name in ("nce", "negative_sampling"):
        assert (np.abs(after.losses[name] - before.losses[name]) > 0.1).all()


def test_items_29_38_the_same_model_says_five_things():
    assert lesson.untrained(200_000, 1_000) == pytest.approx(
        {
            "full": 12.206073,
            "sampled_softmax": 6.908755,
            "importance": 12.206073,
            "nce": 5303.3099,
            "negative_sampling": 693.8403,
        },
        rel=1e-6,
    )
    small = lesson.untrained(10_000, 64)
    assert [small[name] for name in lesson.LOSSES if name != "importance"] == pytest.approx(
        [9.210340, 4.174387, 323.7079, 45.0546], rel=1e-6
    )
    assert step("values", classes=50_000, sampled=64).numbers["sampled_softmax"] == pytest.approx(np.log(65))
    assert answer("values") == 1


# ---- items 35, 37 and 42: the bench ----


def test_item_42_two_evaluations_give_two_values_and_the_full_loss_stays():
    first, second = (step("bench", small=Small(draw=draw)).numbers for draw in (0, 1))
    assert first["now"] != first["again"]
    assert first["again"] == second["now"]
    assert first["full"] == second["full"] == bench.layer().loss


def test_item_35_without_log_q_the_loss_looks_right_and_the_gradient_is_wrong():
    small = Small(unique=False, subtract_log_q=False)
    shown = step("bench", small=small, num_sampled="200").numbers
    assert abs(shown["bias"]) < 0.1
    assert shown["grad_bias"] > 0.35
    corrected = step("bench", small=small._replace(subtract_log_q=True), num_sampled="200").numbers
    assert corrected["grad_bias"] < 0.1
    assert abs(corrected["bias"]) > 0.3
    assert not done("disguise")
    assert done("disguise", small=small, num_sampled="200")
    assert answer("study") == 1


def biases(name, which=2):
    return np.abs(lesson.figures_of(lesson.TABLE[name])[:, which])


def test_item_35_with_replacement_it_never_fades_and_without_it_does():
    assert biases("↺ log Q ✗")[2:].min() > 0.35
    assert biases("unique, log Q ✗")[-1] < 0.03 < biases("unique, log Q ✗")[-2]
    assert biases("unique, log Q, hits ✗")[4] < 0.01
    assert abs(lesson.figures_of(Setting())[4, 0]) > 1


def test_item_34_on_the_bench_hits_are_removed_from_unique_draws_and_kept_with_replacement():
    assert biases("unique, log Q, hits ✗")[-1] < 0.2 * biases("unique, log Q, hits ✓")[-1]
    assert biases("↺ log Q, hits ✓")[-1] < 0.5 * biases("↺ log Q, hits ✗")[-1]


def test_item_37_noise_falls_like_one_over_the_root_and_a_better_sampler_beats_more_samples():
    uniform = lesson.figures_of(Setting("uniform", form="importance"))
    assert (np.diff(uniform[:, 1]) < 0).all()
    exact = lesson.figures_of(lesson.TABLE["softmax, importance"])
    falls = exact[:, 3] * np.sqrt(lesson.STUDIED)
    assert falls.max() < 1.2 * falls.min()
    assert exact[0, 1] < 1e-9 < uniform[-1, 1]
    for name in ("uniform", "unique, log Q, hits ✗"):
        assert (np.diff(biases(name)) < 0).all()
        assert (lesson.figures_of(lesson.TABLE[name])[:, 0] < 0).all()


def test_items_29_36_tensorflows_form_is_no_estimate_and_the_importance_form_is():
    default, importance = biases("unique, log Q, hits ✗", 0), biases("unique, importance", 0)
    assert (importance < 0.1 * default).all()
    assert lesson.figures_of(lesson.TABLE["↺ log Q, hits ✓"])[-1, 0] > 1  # too high, even
    assert importance[-1] < 0.01


@pytest.mark.parametrize("name", [name for name in lesson.TABLE if "softmax" not in name])
@pytest.mark.parametrize("count", [5, 100])
def test_the_stored_table_is_what_the_bench_gives(name, count):
    setting = lesson.TABLE[name]._replace(num_sampled=count)
    made = bench.draws(setting, num_draws=data.NUM_DRAWS)
    stored = lesson.study()[setting]
    # another machine may round the last digit of a sum otherwise, never more
    np.testing.assert_allclose([getattr(made, column) for column in data.MEASURED], stored, rtol=2e-3, atol=1e-9)


def test_every_setting_that_can_be_chosen_is_in_the_table():
    assert set(lesson.study()) == set(data.settings())
    for small, count, form in itertools.product(KINDS, bench.SAMPLED, bench.FORMS):
        assert lesson.bench_setting(small, count, form) in lesson.study()
        assert lesson.bench_setting(small, count, form) in bench.first_draws()


@pytest.mark.parametrize("setting", [*bench.first_draws()][::7])
def test_the_stored_draws_are_what_the_bench_draws(setting):
    made, stored = bench.draws(setting), bench.first_draws()[setting]
    for one, other in zip(made[:3], stored[:3], strict=True):
        np.testing.assert_allclose(other, one, rtol=1e-5, atol=1e-6)
    np.testing.assert_allclose(stored[3:], made[3:], rtol=2e-3, atol=1e-9)


@pytest.mark.parametrize(("draw", "place"), [(7, 7), (199, 199), (207, 200)])
def test_the_draw_of_the_learner_stands_among_the_first_two_hundred_or_beside_them(draw, place):
    setting = Setting(num_sampled=5)
    alone = bench.draws(setting, draw, num_draws=2).losses
    shown = step("bench", small=lesson.Small(draw=draw), num_sampled="5")
    assert [shown.numbers["now"], shown.numbers["again"]] == pytest.approx(alone, rel=1e-12)
    (cloud, *_), (dot,) = shown.figures[0]["lines"], shown.figures[0]["dots"]
    assert (dot["x"], dot["y"]) == (place, alone[0])
    assert place == len(cloud["points"]) or cloud["points"][place] == pytest.approx([draw, alone[0]], abs=1e-5)


def test_the_full_gradient_is_the_mean_of_exact_samples():
    """The yardstick itself: every class once is no sample, and then the sampled loss is the full one."""
    model = bench.layer()
    values = core.all_candidates(model.labels, bench.NUM_CLASSES)
    loss, grad = bench.loss_with_grad(model, slice(None), values, Setting())
    assert loss == pytest.approx(model.loss, rel=1e-12)
    dense = np.zeros_like(model.grad)
    dense[grad.ids] = grad.weights
    np.testing.assert_allclose(dense, model.grad, atol=1e-12)


@ALL
@pytest.mark.filterwarnings("error")
def test_every_switch_bears_every_learner(live):
    for small in KINDS[::5]:  # 5 shares no factor with the switches, so that each is met
        for shown in lesson.explain(live, small=small, only={"urn", "apart", "five"}):
            assert shown.figures
        lesson.challenges(live, small=small)


@pytest.mark.parametrize("draw", [0, 3])
def test_what_is_not_known_is_refused(draw):
    with pytest.raises(ValueError, match="phase must be"):
        step("cost", phase="both")
    with pytest.raises(ValueError, match="known sampler"):
        bench.draws(Setting("zipf"), draw)
    with pytest.raises(ValueError, match="order must be 0"):
        bench.draws(Setting("softmax"), draw, order=1)
    with pytest.raises(ValueError, match="run must be from 1 to 20"):
        bench.measured_now(-draw)
    with pytest.raises(ValueError, match="log_uniform or uniform"):
        bench.sampler("softmax")


def test_a_draw_is_its_seed():
    live = dataclasses.replace(DEFAULT_LIVE, label=0)
    first, same, other = (step("urn", live, small=Small(draw=draw)).numbers["drawn"] for draw in (4, 4, 6))
    assert first == same
    assert len({first, other, *(step("urn", live, small=Small(draw=d)).numbers["drawn"] for d in range(8))}) > 1
