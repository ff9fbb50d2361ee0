"""Bugs of reading and writing media: (file, old, new, tests)."""

DETAILS = "video/test_video_details.py"
WRITE = "video/test_video_write.py"
READ = "video/test_video_read.py"
COLOUR = "video/test_video_colour.py"
FORMATS = "video/test_formats.py"
STAMPS = f"{WRITE}::test_frames_time_stamps_and_length_are_kept"
RANGE = f"{WRITE}::test_a_range_starts_at_zero_with_its_own_sound"

MUTANTS = [
    ("video/colour.py", "matrix = 1 if frame.width >= 1280 or frame.height > 576 else 6", "matrix = 1", DETAILS),
    (
        "video/colour.py",
        "frame.width >= 1280 or frame.height > 576",
        "frame.width >= 1280 and frame.height > 576",
        DETAILS,
    ),
    (
        "video/colour.py",
        "light = tone_map(pq_to_light(levels)[image]) / WHITE",
        "light = pq_to_light(levels)[image] / WHITE",
        COLOUR,
    ),
    ("video/colour.py", "knee = 1.5 * highest - 0.5", "knee = highest", COLOUR),
    ("video/colour.py", "luminance[..., None] ** (1.2 - 1)", "luminance[..., None] ** 1.2", COLOUR),
    ("video/colour.py", "top * (top - alpha) + top // 2) // top", "top // 2) // top", f"{READ} {COLOUR}"),
    (
        "video/colour.py",
        "return Orientation(swap, (c if swap else a) < 0, (b if swap else d) < 0)",
        "return Orientation(swap, (b if swap else a) < 0, (c if swap else d) < 0)",
        f"{READ} video/test_video_table.py",
    ),
    (
        "video/colour.py",
        'full = name.startswith("yuvj") or frame.color_range == FULL or matrix == 0',
        "full = matrix == 0",
        f"{READ} {COLOUR}",
    ),
    ("video/encoder.py", "            context.color_range = int(ColorRange.MPEG)\n", "", DETAILS),
    (
        "video/encoder.py",
        "context.color_primaries = context.color_trc = context.colorspace = 1",
        "context.color_primaries = context.color_trc = context.colorspace = 2",
        DETAILS,
    ),
    (
        "video/encoder.py",
        "dst_colorspace=Colorspace.ITU709",
        "dst_colorspace=Colorspace.ITU601",
        f"{WRITE} {COLOUR} {FORMATS}",
    ),
    ("video/encoder.py", "self._container.set_chapters(self._companions.chapters())", "pass", DETAILS),
    (
        "video/encoder.py",
        "        if whole:\n            self._container.set",
        "        if True:\n            self._container.set",
        DETAILS,
    ),
    ("video/encoder.py", "stamp = max(self._stamp(pts), self._last + 1)", "stamp = self._stamp(pts)", DETAILS),
    (
        "video/encoder.py",
        "self._zero = info.origin if whole else int(info.pts[frames.start])",
        "self._zero = info.origin",
        "jobs/test_what_decides.py",
    ),
    ("video/encoder.py", "self._durations[stamp] = max(1, end - stamp)", "self._durations[stamp] = 1", STAMPS),
    (
        "video/encoder.py",
        'context.options = context.options | {"crf": str(quality)}',
        "pass",
        f"{WRITE}::test_quality_changes_the_size",
    ),
    ("video/encoder.py", "timecode.later(info.timecode, self._first, info.fps)", "info.timecode", FORMATS),
    ("video/audio.py", "        track.disposition = stream.disposition\n", "", DETAILS),
    (
        "video/audio.py",
        "        track.metadata.update({name: stream.metadata[name] for name in NAMES if name in stream.metadata})\n",
        "",
        DETAILS,
    ),
    ("video/audio.py", "seconds < span.stop)", "seconds <= span.stop)", DETAILS),
    ("video/audio.py", "seconds >= span.start)", "seconds > span.start)", f"{DETAILS} {RANGE}"),
    (
        "video/audio.py",
        "round((stamp * packet.time_base - self._shift) / tick)",
        "round(stamp * packet.time_base / tick)",
        RANGE,
    ),
    (
        "video/audio.py",
        "filtered.pts -= round(self._span.shift / filtered.time_base)",
        "pass",
        f"{WRITE} jobs/test_edit.py",
    ),
    ("video/audio.py", 'graph.add("aresample", "async=1")', 'graph.add("aresample")', WRITE),
    ("video/audio.py", "dts = self._last + 1", "dts = self._last", f"{WRITE} video/test_video_table.py"),
    ("video/reader.py", "if fingerprint(frame) != info.scan.fingerprints[index]:", "if False:", READ),
    (
        "video/reader.py",
        "yield Frame(index, int(info.pts[index]), convert(decoded))",
        "yield Frame(index, int(info.pts[0]), convert(decoded))",
        STAMPS,
    ),
    (
        "video/probe.py",
        "return np.maximum.accumulate(raw_pts - steps) + steps, True",
        "return np.maximum.accumulate(raw_pts), True",
        f"{READ} video/test_video_table.py",
    ),
    (
        "video/probe.py",
        "(width * pixel_aspect, height) if pixel_aspect >= 1 else (width, height / pixel_aspect)",
        "(width / pixel_aspect, height) if pixel_aspect >= 1 else (width, height)",
        f"{READ} video/test_video_table.py",
    ),
    (
        "video/probe.py",
        "end > pts[-1]:\n        return int(end - pts[-1])",
        "end > pts[-1]:\n        return usual",
        STAMPS,
    ),
    ("video/probe.py", "return size[::-1] if orientation.swap else size", "return size", f"{READ} {WRITE}"),
    (
        "video/decode.py",
        "not stream.disposition & Disposition.attached_pic",
        "stream",
        f"{READ} video/test_video_table.py",
    ),
    (
        "video/decode.py",
        "yield from _decoded(stream, packet if packet is not None and packet.size else None, damage)",
        "yield from (_decoded(stream, packet, damage) if packet is not None and packet.size else ())",
        f"{READ} {WRITE}",
    ),
    ("video/images.py", "files.sort(key=natural_key)", "files.sort()", f"{READ} {FORMATS}"),
    ("video/timecode.py", "minute - minute // 10", "minute", FORMATS),
    (
        "video/formats.py",
        'H264 = {"preset": "fast", "bf": "0", "mbtree": "0"}',
        'H264 = {"preset": "fast", "mbtree": "0"}',
        f"{WRITE} {DETAILS}",
    ),
    ("video/formats.py", "if inside and not overwrite:", "if False:", f"{WRITE} cli/test_mistakes_table.py"),
    (
        "video/recipe.py",
        'begin = tail.rfind(b"!\\xfe", 0, begin)',
        'begin = tail.find(b"!\\xfe", 0, begin)',
        "jobs/test_manifest.py",
    ),
    ("video/lossless.py", "frame.pts = self._count", "frame.pts = self._count // 2", "jobs/test_store.py"),
]
