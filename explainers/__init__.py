"""Lessons as data: pure functions that turn the learner's numbers into steps. Nothing here imports Streamlit."""

LESSONS = ("softmax", "cross_entropy", "gradient", "sequence", "sampled_softmax", "nce", "race", "clinic")
"""The table of contents, in teaching order. A slug names the explainer, the prose, the page and the address."""

LANGUAGES = {"en": "English", "zh": "中文"}
"""Code and own name of each language. The first is the source that the others translate."""
