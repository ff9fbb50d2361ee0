"""Large libraries are imported without needless work."""

import gc
import sys

from fairy.lazy import large_imports


def test_nothing_is_searched_for_garbage_while_libraries_are_imported(monkeypatch):
    monkeypatch.delitem(sys.modules, "torch")
    try:
        with large_imports():
            assert not gc.isenabled()
        assert gc.isenabled()
        assert gc.get_freeze_count() > 10_000
    finally:
        gc.unfreeze()


def test_a_process_that_has_them_already_is_left_alone():
    with large_imports():
        assert gc.isenabled()
    assert gc.get_freeze_count() == 0
