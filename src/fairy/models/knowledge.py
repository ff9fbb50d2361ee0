"""What a small model knows of language: the words that it was trained on and the edits that it can do. No torch here.

Large models know any word, and their folders say nothing; a small one's fairy.json has both lists.
"""

from __future__ import annotations

import difflib
import re

from fairy.models.folder import ModelFolder

NUM_NEAREST = 3


def unknown_words(folder: ModelFolder, instruction: str) -> tuple[str, ...]:
    """Words of an instruction that the model has never met, each once, in their order."""
    known = set(str(folder.traits.get("words", "")).split())
    words = re.findall(r"[^\W_]+(?:'[^\W_]+)?", instruction.lower())
    return tuple(dict.fromkeys(word for word in words if known and word not in known))


def nearest_edits(folder: ModelFolder, instruction: str) -> tuple[str, ...]:
    """The instructions that the model knows which are likest to this one."""
    known = folder.traits.get("edits", [])
    return tuple(difflib.get_close_matches(instruction.lower(), known, n=NUM_NEAREST, cutoff=0.0))


def explain_unknown(folder: ModelFolder, instruction: str) -> str:
    """What a user is told of an instruction that the model cannot read; empty where it can."""
    unknown = unknown_words(folder, instruction)
    if not unknown:
        return ""
    words, edits = (", ".join(f'"{text}"' for text in texts) for texts in (unknown, nearest_edits(folder, instruction)))
    return f"{folder.name} does not know {words}, and may do anything; the nearest edits that it knows: {edits}"
