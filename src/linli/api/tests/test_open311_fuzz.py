"""A few of the cases of fuzz_open311.py, so that the suite knows it still runs."""

from linli.api.tests.fuzz_open311 import test_nothing_breaks_and_nothing_is_undocumented

__all__ = ["test_nothing_breaks_and_nothing_is_undocumented"]
