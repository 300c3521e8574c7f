"""Each claim of the lesson on NCE, computed once more by core."""

import dataclasses
import itertools

import numpy as np
import pytest

import core
from explainers import nce
from explainers.step import Live, fmt
from tests.explainers.lives import DEFAULT_LIVE, LIVES

ALL = pytest.mark.parametrize("live", LIVES.values(), ids=LIVES)
GENTLE = pytest.mark.parametrize("name", ["notes", "notes_wrong", "pets", "tie", "two", "ten", "hot"])
KNOWN = Live(tuple("ABCDE"), np.array([2.0, 1.0, 0.0, -1.0, -1.5]), 0)
"""p = [.632, .232, .085, .031, .019]"""
MAKERS = {"log_uniform": core.LogUniformSampler, "uniform": core.UniformSampler}


def step(key, live=DEFAULT_LIVE, **options):
    (only,) = nce.explain(live, only={key}, **options)
    return only


def column(step, title, figure=0):
    return np.array(next(c["values"] for c in step.figures[figure]["columns"] if c["title"] == title), float)


def answer(key, live=DEFAULT_LIVE):
    return next(q.answer for q in nce.questions(live) if q.key == key)


def done(key, live=DEFAULT_LIVE, **options):
    return next(c.done for c in nce.challenges(live, **options) if c.key == key)


def layer(logits, label, sampled, counts, true_count):
    """Arguments of a sampled loss whose logits are these: one example, a sample, and how often it was expected."""
    values = core.SampledValues(np.array(sampled), np.array([[true_count]]), np.array(counts))
    return np.zeros((len(logits), 1)), np.array(logits), [[label]], np.zeros((1, 1)), values


def mean_grad(logits, data, noise, k, loss_with_grad):
    """The gradient at these logits, averaged over every label and every sample there is, each as probable as it is."""
    total = np.zeros(len(logits))
    for label, *sampled in itertools.product(range(len(logits)), repeat=1 + k):
        _, grad = loss_with_grad(*layer(logits, label, sampled, k * noise[sampled], k * noise[label]))
        total[grad.ids] += data[label] * np.prod(noise[sampled]) * grad.biases
    return total


# ---- item 39: data or noise ----


@pytest.mark.parametrize("k", [1, 4])
def test_item_39_of_many_coins_of_a_class_the_posterior_is_data(k, monkeypatch):
    monkeypatch.setattr(nce, "MOST_COINS", 200_000)
    is_data, classes = nce.coins(DEFAULT_LIVE, k)
    assert is_data.mean() == pytest.approx(1 / (k + 1), abs=0.005)
    shares = [is_data[classes == c].mean() for c in range(4)]
    np.testing.assert_allclose(column(step("posterior", k=k), "p / (p + k q)"), shares, atol=0.01)


@GENTLE
def test_item_39_no_strategy_beats_naming_the_longer_bar(name):
    live, k = LIVES[name], 2
    data, noise = live.probs, np.full(len(live.names), k / len(live.names))
    best = np.maximum(data, noise).sum()
    for says in itertools.product((False, True), repeat=len(live.names)):
        assert np.where(says, data, noise).sum() <= best + 1e-12


def test_item_39_the_score_of_the_best_strategy_is_its_score():
    is_data, classes = nce.coins(DEFAULT_LIVE, 1)
    longer = DEFAULT_LIVE.probs > 0.25
    assert step("coins", draw=150).numbers["best"] == str((longer[classes[:150]] == is_data[:150]).sum())
    tallies = [column(step("coins", draw=150), title) for title in ("D = 1", "D = 0")]
    assert sum(tally.sum() for tally in tallies) == 150
    assert tallies[0].sum() == is_data[:150].sum()


def test_item_39_the_game_counts_what_is_right_and_ends():
    draw = right = 0
    truth, _ = nce.coins(DEFAULT_LIVE, 1)
    for n in range(nce.MOST_COINS):
        counters = nce.sort_coin(DEFAULT_LIVE, 1, draw, right, "data")
        draw, right = int(counters["nce_draw"]), int(counters["nce_right"])
        assert (draw, right) == (n + 1, truth[: n + 1].sum())
    assert nce.sort_coin(DEFAULT_LIVE, 1, draw, right, "data") == {}


def test_the_coin_in_hand_is_not_told():
    numbers = step("coins", draw=2).numbers
    _, classes = nce.coins(DEFAULT_LIVE, 1)
    assert numbers["coin"] == DEFAULT_LIVE.names[classes[2]]
    assert numbers["row"].count("D = ") == 3
    assert numbers["row"].count("D = ?") == 1


@ALL
@pytest.mark.parametrize("k", [1, 20])
def test_item_39_the_posterior_is_a_sigmoid_of_the_log_odds(live, k):
    numbers = step("posterior", live, k=k).numbers
    assert numbers["posterior_y"] == pytest.approx(numbers["p_y"] / (numbers["p_y"] + numbers["noise_y"]), rel=1e-9)
    assert numbers["posterior_y"] == pytest.approx(float(core.sigmoid(numbers["odds_y"])), rel=1e-12)


# ---- nce_loss taken apart ----


@ALL
@pytest.mark.parametrize("sampler", nce.SAMPLERS)
@pytest.mark.filterwarnings("error")
def test_the_parts_of_nce_loss_make_nce_loss(live, sampler):
    for num_sampled, seed in ((1, 0), (8, 5)):
        options = {"num_sampled": num_sampled, "sampler": sampler, "seed": seed}
        rows = step("rows", live, **options)
        batch = nce.batch(live, num_sampled, sampler, seed)
        losses = core.nce_loss(**batch)
        assert rows.numbers["mean"] == pytest.approx(losses.mean())
        assert rows.numbers["first"] == pytest.approx(losses[0])
        assert [row[-1] for row in rows.figures[0]["texts"]] == [fmt(loss) for loss in losses]
        assert len(rows.figures[0]["columns"]) == 1 + num_sampled + 1


@pytest.mark.parametrize("sampler", nce.SAMPLERS)
def test_each_logit_is_less_the_log_of_its_expected_count(sampler):
    apart = step("apart", sampler=sampler, num_sampled=4, seed=3)
    q = MAKERS[sampler](4).probs()
    assert apart.numbers["count_y"] == pytest.approx(4 * q[2])
    assert apart.numbers["x_y"] == pytest.approx(3.0 - np.log(4 * q[2]))
    texts = np.array(apart.figures[0]["texts"])
    assert texts[:, 3].tolist() == ["1", "0", "0", "0", "0"]
    assert texts[0, 2] == fmt(3.0 - np.log(4 * q[2]))


def test_one_sample_serves_all_rows_and_the_default_one_has_an_accidental_hit():
    batch = nce.batch(DEFAULT_LIVE, 5, "log_uniform", nce.SEED)
    assert batch["sampled_values"].sampled.shape == (5,)
    assert set(batch["sampled_values"].sampled) == {0, 1, 2, 3}
    assert core.accidental_hits(batch["labels"], batch["sampled_values"].sampled)[0].any()


@pytest.mark.parametrize("side", nce.SIDES)
def test_the_stable_form_is_the_loss_and_does_not_overflow(side):
    label = nce.SIDES.index(side)
    for x in (-60.0, -4.0, 0.0, 4.0, 60.0):
        numbers = step("logistic", x=x, side=side).numbers
        assert numbers["above"] - x * label + numbers["tail"] == pytest.approx(numbers["loss"], rel=1e-12)
        if abs(x) < 30:
            assert numbers["naive"] == pytest.approx(numbers["loss"], rel=1e-3)


def test_written_with_probabilities_it_is_infinite_from_37_on():
    assert np.isfinite(nce.naive_loss(36.5, 0))
    assert np.isinf(nce.naive_loss(37.0, 0))
    assert step("logistic", x=37.0).numbers["loss"] == pytest.approx(37.0)


# ---- item 38: a big number ----


def test_item_38_5303_at_the_start_is_healthy():
    numbers = step("big").numbers
    assert numbers["nce"] == pytest.approx(5303.3099, abs=1e-4)
    assert numbers["true_part"] + 1000 * numbers["noise_part"] == pytest.approx(numbers["nce"])
    assert numbers["full"] == pytest.approx(12.206073, abs=1e-6)
    assert numbers["sampled"] == pytest.approx(np.log(1001))
    assert numbers["negative"] == pytest.approx(1001 * np.log(2))
    assert step("big", vocabulary="10000", start_sampled=64).numbers["nce"] == pytest.approx(323.7079, abs=1e-4)


def test_item_38_only_the_full_loss_does_not_move_with_k():
    some, many = nce.untrained(10_000, 10), nce.untrained(10_000, 1000)
    assert some["cross_entropy"] == many["cross_entropy"] == pytest.approx(np.log(10_000))
    for name in ("sampled_softmax", "negative_sampling", "nce"):
        assert many[name] > some[name] + 1


# ---- item 39: the dimmer ----


def test_item_39_the_error_of_an_arrow_at_four_k():
    """A class that the model gives 1.22 times what the noise gives it: 55, 20, 4.7 and 1.2 %."""
    log_q = np.log(np.array([0.5, 0.25, 0.15, 0.07, 0.03]))
    for k, percent in ((1, 55), (5, 20), (25, 4.7), (100, 1.2)):
        missing = 100 * (1 - nce.dimmer(np.log(1.22) + log_q, log_q, k))
        np.testing.assert_allclose(missing, percent, atol=0.5 if k < 25 else 0.05)


@pytest.mark.parametrize("k", [1, 2])
def test_item_39_nces_gradient_on_average_is_the_full_one_dimmed(k):
    """Over every sample there is; the model is not even normalised."""
    logits = np.array([0.5, -1.0, 1.5, 0.0])
    noise = core.LogUniformSampler(4).probs()
    truth = core.one_hot(2, 4)
    grad = mean_grad(logits, truth, noise, k, core.nce_loss_with_grad)
    expected = nce.dimmer(logits, np.log(noise), k) * (np.exp(logits) - truth)
    np.testing.assert_allclose(grad, expected, atol=1e-12)


@ALL
def test_item_39_the_arrows_on_the_screen_are_dimmed_and_open_as_k_grows(live):
    last = np.inf
    for many in sorted(nce.MANY, key=int):
        dimmed = step("dimmer", live, many=many)
        factor = column(dimmed, "P(D = 0)")
        np.testing.assert_allclose(column(dimmed, "NCE"), factor * column(dimmed, "y − p"), atol=1e-12)
        assert factor.argmin() == live.probs.argmax()
        assert dimmed.numbers["missing"] <= last
        last = dimmed.numbers["missing"]
    assert last < 1.0
    assert answer("dimmer", live) == 0


def test_item_39_the_dimmer_is_what_the_model_calls_noise():
    np.testing.assert_allclose(
        column(step("dimmer", many="5"), "P(D = 0)"), 1 - column(step("posterior", k=5), "p / (p + k q)")
    )


@GENTLE
@pytest.mark.parametrize("many", nce.MANY)
def test_item_39_nce_loses_least_where_z_is_one_and_softmax_does_not_see_z(name, many):
    live = LIVES[name]
    losses = {c: step("whole", live, many=many, shift=c).numbers for c in (-1.0, -0.1, 0.0, 0.1, 1.0)}
    assert min(losses, key=lambda c: losses[c]["loss"]) == 0.0
    assert losses[0.0]["loss"] == pytest.approx(losses[0.0]["least"])
    assert losses[1.0]["total"] == pytest.approx(np.e)
    assert {numbers["full"] for numbers in losses.values()} == {float(core.entropy(live.probs))}


@GENTLE
def test_item_39_the_loss_on_average_is_the_average_of_nce_loss(name):
    live, k = LIVES[name], 1
    count = len(live.names)
    model, total = live.logits / 3, 0.0
    for label, sampled in itertools.product(range(count), repeat=2):
        total += (
            live.probs[label] / count * core.nce_loss(*layer(model, label, [sampled], [k / count], k / count)).item()
        )
    assert nce.expected_loss(live, model, k) == pytest.approx(total)


# ---- item 40: negative sampling ----


@pytest.mark.parametrize("exponent", [0.0, 0.75, 1.0])
@pytest.mark.parametrize("k", [1, 5])
def test_item_40_both_are_trained_to_where_they_should_rest(k, exponent):
    path = nce.trained(DEFAULT_LIVE, k, exponent)
    noise = core.FixedUnigramSampler(DEFAULT_LIVE.probs, distortion=exponent).probs()
    np.testing.assert_allclose(core.softmax(path[-1, 0]), DEFAULT_LIVE.probs, atol=0.01)
    ratio = DEFAULT_LIVE.probs / noise
    np.testing.assert_allclose(core.softmax(path[-1, 1]), ratio / ratio.sum(), atol=0.01)
    np.testing.assert_allclose(np.exp(nce.optimum(DEFAULT_LIVE, k, exponent)[1]), ratio / k)


def test_item_40_the_demo_of_five_classes():
    noise = np.array([0.5, 0.25, 0.15, 0.07, 0.03])
    logits = np.log(KNOWN.probs / noise)
    np.testing.assert_allclose(KNOWN.probs, [0.632, 0.232, 0.085, 0.031, 0.019], atol=5e-4)
    np.testing.assert_allclose(core.softmax(logits), [0.328, 0.242, 0.148, 0.117, 0.165], atol=1.5e-3)
    grad = mean_grad(logits, KNOWN.probs, noise, 1, core.negative_sampling_loss_with_grad)
    np.testing.assert_allclose(grad, 0, atol=1e-12)


@pytest.mark.parametrize("k", [1, 2])
def test_item_40_training_follows_the_gradient_of_core(k):
    path = nce.trained(DEFAULT_LIVE, k, 0.75)
    noise = core.FixedUnigramSampler(DEFAULT_LIVE.probs, distortion=0.75).probs()
    rate = 4 / (DEFAULT_LIVE.probs + k * noise).max()
    for side, loss in enumerate((core.nce_loss_with_grad, core.negative_sampling_loss_with_grad)):
        for n in (0, 10):
            grad = mean_grad(path[n, side], DEFAULT_LIVE.probs, noise, k, loss)
            np.testing.assert_allclose(path[n + 1, side], path[n, side] - rate * grad, atol=1e-12)


@ALL
def test_item_40_no_step_of_nce_raises_its_loss(live):
    losses = nce.expected_loss(live, nce.trained(live, 5, 0.75)[:, 0], 5, 0.75)
    assert (np.diff(losses) <= 1e-9 * (1 + losses[:-1])).all()


@GENTLE
def test_item_40_they_agree_exactly_where_kq_is_one_and_uniform_noise_hides_the_rest(name):
    live = LIVES[name]
    count = len(live.names)
    same = nce.trained(live, count, 0.0)
    np.testing.assert_allclose(same[:, 0], same[:, 1], atol=1e-9)
    nce_rest, ns_rest = nce.optimum(live, 2 * count, 0.0)
    np.testing.assert_allclose(core.softmax(nce_rest), core.softmax(ns_rest))
    assert (np.abs(nce_rest - ns_rest) > 0.5).all()


def test_item_40_negative_sampling_is_the_worse_language_model():
    numbers = step("twins", num_steps=nce.MOST_STEPS).numbers
    assert numbers["loss_nce"] == pytest.approx(numbers["floor"], abs=0.01)
    assert numbers["loss_ns"] > numbers["floor"] + 0.1
    assert answer("twins") == 2
    assert answer("twins", LIVES["tie"]) == 1


# ---- item 41: defaults ----


def test_item_41_the_defaults_differ_where_they_are_framed():
    picture = step("defaults", num_sampled=5).figures[0]
    texts = dict(zip(picture["rows"], picture["texts"], strict=True))
    assert texts["remove_accidental_hits"] == ["False", "True"]
    assert texts["subtract_log_q"] == texts["unique"] == ["True", "True"]
    assert texts["D (num_true = 2)"] == ["0.5", "0.5"]
    assert texts["Σ"] == ["6", "1"]
    framed = {row for row, _ in picture["marks"]}
    assert framed == {row for row, (first, second) in enumerate(picture["texts"]) if first != second}


def test_item_41_nce_without_accidental_hits_is_another_objective():
    """At the data's own probabilities NCE rests, the sampled logistic loss does not."""
    noise = core.LogUniformSampler(5).probs()
    logits = np.log(KNOWN.probs)
    rest, pulled = (
        mean_grad(logits, KNOWN.probs, noise, 1, loss)
        for loss in (core.nce_loss_with_grad, core.sampled_logistic_loss_with_grad)
    )
    np.testing.assert_allclose(rest, 0, atol=1e-12)
    assert np.abs(pulled).max() > 0.05


# ---- item 43: three quarters ----


@ALL
@pytest.mark.parametrize("exponent", [0.0, 0.3, 0.75, 1.0])
def test_item_43_the_noise_is_the_fixed_unigram_sampler(live, exponent):
    unigram = core.FixedUnigramSampler(live.probs, distortion=exponent).probs()
    np.testing.assert_allclose(np.exp(nce.log_noise(live, exponent)), unigram, atol=1e-9)


@GENTLE
def test_item_43_rare_classes_are_lifted_and_negative_sampling_is_left_with_the_rest_of_the_exponent(name):
    live = LIVES[name]
    numbers = step("exponent", live, exponent=0.75).numbers
    assert numbers["q_rarest"] >= numbers["p_rarest"] - 1e-12
    assert numbers["q_top"] <= numbers["p_top"] + 1e-12
    hotter = core.softmax(live.logits, temperature=live.temperature / 0.25)
    np.testing.assert_allclose(column(step("exponent", live, exponent=0.75), "NS ∝ p^0.25"), hotter)
    np.testing.assert_allclose(column(step("exponent", live, exponent=1.0), "NS ∝ p^0"), 1 / len(live.names))


# ---- questions and challenges ----


@ALL
def test_questions_are_answered_by_core(live):
    assert answer("big", live) == 1
    left = core.softmax(nce.optimum(live, 5, 0.75)[1])
    top = live.logits.argmax()
    assert answer("twins", live) == (1 if np.isclose(left[top], live.probs[top]) else 2)


def test_challenges_can_be_reached():
    best = int(step("coins", draw=nce.ENOUGH_COINS).numbers["best"])
    assert done("sort", draw=nce.ENOUGH_COINS, right=best)
    assert not done("sort", draw=nce.ENOUGH_COINS, right=best - 1)
    assert done("infinite", x=40.0, side="noise")
    assert not done("infinite", x=40.0, side="data")
    assert done("open", many="1000")
    assert done("one", shift=0.0)
    assert done("rare", exponent=0.5)


def test_a_loss_taken_apart_follows_the_temperature():
    cold = dataclasses.replace(DEFAULT_LIVE, temperature=0.5)
    assert step("apart", cold).numbers["s_y"] == pytest.approx(6.0)
