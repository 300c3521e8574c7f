"""The tests mirror the tree: tests/core tests core, and so on. Formulas as plain loops are in tests/reference.py."""
