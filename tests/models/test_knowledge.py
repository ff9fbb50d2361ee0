"""Instructions that a small model cannot read."""

import pytest

from fairy.models.catalog import open_built_in
from fairy.models.folder import ModelFolder, open_folder
from fairy.models.knowledge import explain_unknown, nearest_edits, unknown_words


@pytest.fixture(scope="module")
def embedded() -> ModelFolder:
    return open_built_in("embedded")


@pytest.mark.parametrize(
    ("instruction", "unknown"),
    [
        ("make it night", ()),
        ("Make it NIGHT!", ()),
        ("asdf", ("asdf",)),
        ("make her look like Marilyn, her", ("her", "marilyn")),
        ("mach es größer", ("mach", "es", "größer")),
    ],
)
def test_unknown_words_are_found(embedded: ModelFolder, instruction: str, unknown: tuple[str, ...]) -> None:
    assert unknown_words(embedded, instruction) == unknown


def test_the_nearest_edits_are_named(embedded: ModelFolder) -> None:
    assert nearest_edits(embedded, "make it nighttime")[0] == "make it night"
    assert 'does not know "nighttime"' in explain_unknown(embedded, "make it nighttime")
    assert '"make it night"' in explain_unknown(embedded, "make it nighttime")


def test_every_edit_that_it_names_has_only_words_that_it_knows(embedded: ModelFolder) -> None:
    assert [edit for edit in embedded.traits["edits"] if unknown_words(embedded, edit)] == []


def test_a_model_that_says_nothing_knows_every_word(sd_folder) -> None:
    assert explain_unknown(open_folder(sd_folder), "make her look like Marilyn") == ""
