"""Loss curves, named and mended through the page."""

from explainers import fingerprints
from tests.pages.test_pages import opened, press, said


def test_a_curve_is_named_and_the_next_one_has_no_name():
    app = opened("clinic", lang="en", step="name", fp_curve="2")
    assert app.radio("fp_guess").options == list(fingerprints.options(2))
    app.radio("fp_guess").set_value(fingerprints.hidden(2)).run()
    assert "**That is it**" in said(app)
    press(app, "fp_next")
    assert app.slider("fp_curve").value == 3
    assert app.radio("fp_guess").value == fingerprints.OPEN
    assert "**That is it**" not in said(app)


def test_a_guess_does_not_outlive_its_curve():
    app = opened("clinic", lang="en", step="name")
    app.radio("fp_guess").set_value("rising").run()
    assert "**Not that one**" in said(app)
    app.slider("fp_curve").set_value(3.0).run()
    assert not app.exception
    assert app.radio("fp_guess").value == fingerprints.OPEN


def test_a_hostile_address_falls_back():
    app = opened("clinic", lang="en", predict="false", fp_guess="<b>", fp_curve="1e99", fp_fault="x", fp_run="nan")
    assert not app.exception
    assert app.radio("fp_fault").value == fingerprints.DEFAULT.fault


def test_a_training_is_made_again_with_the_next_seed():
    app = opened("clinic", lang="en", predict="false", step="mend", fp_fault="nce", fp_mended="true")
    press(app, "fp_again")
    assert app.slider("fp_run").value == 1
    assert "**NCE, taken for cross-entropy**" in said(app)


def test_a_pasted_curve_is_compared():
    app = opened("clinic", lang="zh", step="compare")
    assert "**多做了一次 softmax**" in said(app)
    app.text_area("fp_loss").set_value("0.69\n" * 20).run()
    assert "**没有对得上的指纹**" in said(app)
    app.text_input("fp_classes").set_value("2").run()
    assert "**标签是别人的**" in said(app)
