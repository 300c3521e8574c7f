"""The coin game, played through the page."""

from explainers import nce
from tests.explainers.lives import DEFAULT_LIVE
from tests.pages.test_pages import opened, press, said


def test_a_sorted_coin_is_counted_and_the_next_one_comes():
    app = opened("nce", lang="en", predict="false", step="coins")
    is_data, classes = nce.coins(DEFAULT_LIVE, 1)
    for n in range(3):
        assert f"Coin {n + 1} shows **{DEFAULT_LIVE.names[classes[n]]}**" in said(app)
        press(app, "nce_data" if is_data[n] else "nce_noise")
    press(app, "nce_noise" if is_data[3] else "nce_data")
    assert app.slider("nce_draw").value == 4
    assert app.slider("nce_right").value == 3
    assert "You have **3** of 4 right." in said(app)


def test_the_models_are_trained_step_by_step_and_made_to_agree():
    app = opened("nce", lang="en", predict="false", step="twins")
    press(app, "nce_step")
    assert app.slider("nce_steps").value == 1
    press(app, "nce_run")
    press(app, "nce_agree")
    assert app.slider("nce_steps").value == nce.MOST_STEPS
    assert (app.slider("nce_twin_k").value, app.slider("nce_exponent").value) == (4, 0)


def test_a_new_sample_has_the_next_seed():
    app = opened("nce", lang="en", predict="false", step="rows")
    press(app, "nce_again")
    assert app.slider("nce_seed").value == nce.SEED + 1
