"""Write down what the lesson on sampled softmax shows of all its settings and of its costs.

OPENBLAS_NUM_THREADS=1 python -m data.sampled.make bench    # bench.csv, some minutes; seeded
OPENBLAS_NUM_THREADS=1 python -m data.sampled.make draws    # draws.npz, a minute; seeded
OPENBLAS_NUM_THREADS=1 python -m data.sampled.make cost     # cost.csv, seconds; of this machine
"""

import csv
import itertools
import sys

import numpy as np

from explainers.sampled_bench import (
    DATA,
    FORMS,
    MEASURED_CLASSES,
    SAMPLED,
    SAMPLERS,
    Cost,
    Draws,
    Setting,
    draws,
    measure,
)

NUM_DRAWS = 400
NUM_SAMPLED = (5, 20, 100, 200, 1_000, 5_000)
MEASURED = ("loss_bias", "loss_spread", "grad_bias", "grad_spread")


def settings() -> list[Setting]:
    """Every way of estimating; the importance form always subtracts log Q and always leaves the hits out."""
    switches = [("tensorflow", *pair) for pair in itertools.product((True, False), repeat=2)]
    switches.append(("importance", True, True))
    assert {form for form, _, _ in switches} == set(FORMS)
    return [
        Setting(sampler, num_sampled, unique, subtract_log_q, remove, form)
        for sampler, unique, (form, subtract_log_q, remove) in itertools.product(SAMPLERS, (True, False), switches)
        for num_sampled in NUM_SAMPLED
    ]


def row(setting: Setting, made: Draws) -> list[str]:
    """One line of the table: the setting, then four figures."""
    return [*map(str, setting), *(f"{getattr(made, name):.4g}" for name in MEASURED)]


def bench() -> None:
    """All settings, 400 draws each, on the model of the lesson."""
    with (DATA / "bench.csv").open("w", encoding="utf-8", newline="") as file:
        table = csv.writer(file, lineterminator="\n")
        table.writerow([*Setting._fields, *MEASURED])
        for setting in settings():
            table.writerow(row(setting, draws(setting, num_draws=NUM_DRAWS)))


def first_draws() -> None:
    """What the lesson draws first, of all settings that it offers."""
    chosen = [setting for setting in settings() if str(setting.num_sampled) in SAMPLED]
    made = [draws(setting) for setting in chosen]
    np.savez_compressed(
        DATA / "draws.npz",
        settings=[",".join(map(str, setting)) for setting in chosen],
        losses=[one.losses for one in made],
        gradients=np.array([one[1:3] for one in made], np.float32),
        figures=[one[3:] for one in made],
    )


def cost() -> None:
    """The shortest of twenty steps for each number of classes, on one thread."""
    with (DATA / "cost.csv").open("w", encoding="utf-8", newline="") as file:
        table = csv.writer(file, lineterminator="\n")
        table.writerow(Cost._fields)
        for num_classes in MEASURED_CLASSES:
            made = measure(num_classes, repeats=20)
            table.writerow([made.num_classes, *(f"{seconds:.3g}" for seconds in made[1:])])


if __name__ == "__main__":
    {"bench": bench, "draws": first_draws, "cost": cost}[sys.argv[1]]()
