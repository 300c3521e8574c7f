"""Write down what the lesson on sampled softmax shows of all its settings and of its costs.

OPENBLAS_NUM_THREADS=1 python -m data.sampled.make bench    # bench.csv, some minutes; seeded
OPENBLAS_NUM_THREADS=1 python -m data.sampled.make cost     # cost.csv, seconds; of this machine
"""

import csv
import itertools
import sys
from pathlib import Path

from explainers.sampled_bench import (
    FORMS,
    MEASURED_CLASSES,
    SAMPLERS,
    Cost,
    Draws,
    Setting,
    draws,
    measure,
)

PLACE = Path(__file__).parent
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
    with (PLACE / "bench.csv").open("w", encoding="utf-8", newline="") as file:
        table = csv.writer(file, lineterminator="\n")
        table.writerow([*Setting._fields, *MEASURED])
        for setting in settings():
            table.writerow(row(setting, draws(setting, num_draws=NUM_DRAWS)))


def cost() -> None:
    """The shortest of twenty steps for each number of classes, on one thread."""
    with (PLACE / "cost.csv").open("w", encoding="utf-8", newline="") as file:
        table = csv.writer(file, lineterminator="\n")
        table.writerow(Cost._fields)
        for num_classes in MEASURED_CLASSES:
            made = measure(num_classes, repeats=20)
            table.writerow([made.num_classes, *(f"{seconds:.3g}" for seconds in made[1:])])


if __name__ == "__main__":
    {"bench": bench, "cost": cost}[sys.argv[1]]()
