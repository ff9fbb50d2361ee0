"""Bugs of jobs on disk: (file, old, new, tests)."""

DECIDES = "jobs/test_what_decides.py"
FIELD = f"{DECIDES}::test_a_changed_field_stops_a_job_from_going_on"
REDO = "jobs/test_redo.py"
STORE = "jobs/test_store.py"
RESUME = "jobs/test_resume.py"
EDIT = "jobs/test_edit.py"
MASKS = "jobs/test_masks.py"
MANIFEST = "jobs/test_manifest.py"
BATCH = "jobs/test_batch.py"
SHOTS = "jobs/test_shots.py"
TABLE = "cli/test_mistakes_table.py"
ALL = 'if name not in PATHS},\n            "lora'


def without(*names: str) -> tuple[str, str]:
    """The facts of a manifest without some fields of the model's."""
    left = ", ".join(f'"{name}"' for name in names)
    return ALL, ALL.replace("PATHS}", f"(*PATHS, {left})}}")


MUTANTS = [
    *(
        ("jobs/manifest.py", *without(name), FIELD)
        for name in ("scheduler", "lora_scale", "device", "dtype", "compile", "vae_tiling", "micro_batch")
    ),
    ("jobs/manifest.py", '            "lora and decoder": self.identity.added,\n', "", FIELD),
    ("jobs/manifest.py", '            "model": self.identity.model,\n', "", FIELD),
    ("jobs/manifest.py", '            "size": "{}x{}".format(*self.size),\n', "", FIELD),
    ("jobs/manifest.py", '            "source": self.source_hash,\n', "", FIELD),
    ("jobs/manifest.py", '            "given anchors": self.given,\n', "", FIELD),
    ("jobs/manifest.py", '            "anchors": [list(shot.anchors) for shot in self.shots],\n', "", FIELD),
    ("jobs/manifest.py", '            "cuts": [shot.start for shot in self.shots[1:]],\n', "", f"{MANIFEST} {DECIDES}"),
    (
        "jobs/manifest.py",
        '            **{f"version of {name}": value for name, value in self.identity.versions.items()},\n',
        "",
        MANIFEST,
    ),
    (
        "jobs/manifest.py",
        '"range of frames": f"{take.start}..{take.stop - 1}"',
        '"range of frames": f"{take.start}.."',
        FIELD,
    ),
    (
        "jobs/manifest.py",
        'return hash_text("".join(map(hash_file, images)))',
        'return hash_text("".join(sorted(map(hash_file, images))))',
        DECIDES,
    ),
    (
        "jobs/manifest.py",
        "return replace(self, takes=begun.takes, chunk=begun.chunk)",
        "return replace(self, chunk=begun.chunk)",
        f"{REDO} {RESUME}",
    ),
    ("jobs/manifest.py", "for take in reversed(self.takes)", "for take in self.takes", REDO),
    ("jobs/manifest.py", "if manifest.to_json() != text:", "if False:", MANIFEST),
    ("jobs/manifest.py", " and Path(path).is_absolute()}", " and False}", MANIFEST),
    ("jobs/redo.py", "if editor.model.identity.model != manifest.identity.model:", "if False:", DECIDES),
    ("jobs/redo.py", "if hash_source(info.path, info.images) != manifest.source_hash:", "if False:", REDO),
    ("jobs/redo.py", "if hash_mask(blend) != manifest.mask_hash:", "if False:", DECIDES),
    (
        "jobs/redo.py",
        "    later = [old for old in later if not take.start <= old.start < old.stop <= take.stop]\n",
        "",
        DECIDES,
    ),
    ("jobs/redo.py", "            folder.forget(chunk)\n", "            pass\n", REDO),
    ("jobs/redo.py", "number=1 + max(take.number for take in folder.manifest.takes)", "number=1", DECIDES),
    ("jobs/redo.py", "return {index: folder.anchor(index) for index in folder.manifest.given}", "return {}", REDO),
    ("jobs/verify.py", "damage = tuple(folder.damage) if Path(output).exists() else ()", "damage = ()", REDO),
    ("jobs/store.py", " and hash_file(file) == named[4]", "", STORE),
    (
        "jobs/store.py",
        "        for chunk in self.done.keys() - set(self.chunks):\n            self.forget(chunk)\n",
        "",
        DECIDES,
    ),
    ("jobs/store.py", "min(shot.stop, take.stop)", "shot.stop", REDO),
    ("jobs/store.py", "if differences := wanted.differences(begun):", "if differences := []:", DECIDES),
    (
        "jobs/store.py",
        "            if not folder.done:\n                clear(path)\n            raise",
        "            raise",
        RESUME,
    ),
    ("jobs/store.py", "        file.unlink(missing_ok=True)  # the disk may be full\n", "", f"{RESUME} {STORE}"),
    ("jobs/store.py", "elif foreign := [", "elif foreign := [][:0] and [", STORE),
    ("jobs/edit.py", "            if not request.job.keep_job:\n                clear(folder.path)\n", "", RESUME),
    ("jobs/request.py", "    check_apart(request, outputs)\n", "", EDIT),
    ("jobs/request.py", 'yield "mask", request.mask.mask', 'yield "mask", request.source', EDIT),
    (
        "jobs/request.py",
        "return any(file.samefile(output) for file in (path, *pictures))",
        "return path.samefile(output)",
        TABLE,
    ),
    ("jobs/batch.py", "            check_apart(other, [folder / entry.output])\n", "            pass\n", TABLE),
    ("jobs/announce.py", "if prospect.unread and plan.request.job.strict:", "if False:", EDIT),
    ("jobs/render.py", "            if frame.index not in done:\n", "            if True:\n", f"{REDO} {EDIT}"),
    ("jobs/selection.py", "ticks = math.ceil(", "ticks = math.floor(", "method/test_properties.py"),
    (
        "jobs/selection.py",
        "{index for index in job.anchors or () if start <= index < stop}",
        "{index for index in job.anchors or () if start <= index <= stop}",
        STORE,
    ),
    ("jobs/selection.py", "        anchors |= {index for index in job.given if start <= index < stop}\n", "", STORE),
    ("jobs/selection.py", "        if outside:\n", "        if False:\n", STORE),
    ("jobs/masks.py", "if abs(info.width * source.height - info.height * source.width) > slack:", "if False:", MASKS),
    ("jobs/masks.py", "if len(info) not in (1, len(source)):", "if False:", MASKS),
    ("jobs/masks.py", "return found if mask is None else mask * found", "return found", MASKS),
    ("jobs/given.py", "if not any(same_shape(info, size)", "if any(same_shape(info, size)", REDO),
    ("jobs/shots.py", "return sorted(cuts - {0})", "return sorted(cuts)", SHOTS),
    ("jobs/shots.py", "3600 * int(hours) + 60 * int(minutes)", "60 * int(hours) + 60 * int(minutes)", SHOTS),
    ("jobs/listing.py", "        if count > 1:\n", "        if count > 2:\n", BATCH),
    ("jobs/batch.py", "known = {} if overwrite else read_account(folder / ACCOUNT)", "known = {}", BATCH),
    ("cli/values.py", "        if index in pictures:\n", "        if False:\n", TABLE),
    ("config.py", "len(set(self.anchors or ())) == len(self.anchors or ())", "True", TABLE),
    ("disk/whole.py", "        _remove(temporary)\n", "        pass\n", "disk/test_whole.py"),
]
