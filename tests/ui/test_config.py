"""The settings of .streamlit/config.toml take effect, and this Streamlit still reads the hidden one among them."""

import inspect
import json
import subprocess
import sys
import tomllib
from pathlib import Path

import pytest
from streamlit.runtime.scriptrunner import script_runner

ROOT = Path(__file__).parents[2]


def flat(table, prefix=""):
    for key, value in table.items():
        if isinstance(value, dict):
            yield from flat(value, f"{prefix}{key}.")
        else:
            yield f"{prefix}{key}", value


SETTINGS = dict(flat(tomllib.loads((ROOT / ".streamlit" / "config.toml").read_text(encoding="utf-8"))))


@pytest.fixture(scope="module")
def in_effect():
    """What a process started in the repository's folder, as the README starts it, makes of the file."""
    code = (
        "import json, sys; from streamlit.config import get_option; "
        "print(json.dumps({key: get_option(key) for key in json.loads(sys.argv[1])}))"
    )
    said = subprocess.run(
        [sys.executable, "-c", code, json.dumps(list(SETTINGS))], cwd=ROOT, capture_output=True, text=True, check=True
    )
    assert "not a valid config option" not in said.stderr + said.stdout
    return json.loads(said.stdout)


def test_every_setting_of_the_file_takes_effect(in_effect):
    assert len(SETTINGS) > 10
    assert in_effect == SETTINGS


@pytest.mark.parametrize(
    ("key", "value"),
    [
        ("runner.postScriptGC", False),
        ("server.fileWatcherType", "none"),
        ("browser.gatherUsageStats", False),
        ("client.showErrorDetails", "none"),
        ("client.showSidebarNavigation", False),
    ],
)
def test_what_keeps_the_app_fast_and_quiet_is_set(in_effect, key, value):
    assert in_effect[key] == value


def test_streamlit_still_reads_the_hidden_setting():
    assert '"runner.postScriptGC"' in inspect.getsource(script_runner)


def test_both_schemes_are_there_so_that_the_learner_keeps_the_toggle():
    assert {key.split(".")[1] for key in SETTINGS if key.startswith("theme.")} >= {"light", "dark"}
    assert "WenQuanYi Micro Hei" in SETTINGS["theme.font"]
