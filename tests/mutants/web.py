"""Bugs of the web page's doors: (file, old, new, tests)."""

LIMITS = "web/test_web_limits.py"
SECURITY = "web/test_web_security.py"
WEB = "web/test_web.py"
AUTH = "web/test_web_auth.py web/test_web_attempts.py"
DOORS = "serving/test_doors.py"

MUTANTS = [
    ("web/shelf.py", "not NAME.fullmatch(number)", "not NAME.match(number)", LIMITS),
    (
        "web/shelf.py",
        "if not isinstance(number, str) or not NAME.fullmatch(number):",
        "if not isinstance(number, str):",
        LIMITS,
    ),
    ("web/security.py", 'return message if seen <= most else {"type": "http.disconnect"}', "return message", LIMITS),
    (
        "web/security.py",
        "await self.app(scope, counted(receive, self.max_bytes + ROOM_FOR_HEADERS), send)",
        "await self.app(scope, receive, send)",
        LIMITS,
    ),
    ("web/security.py", "if declared > self.max_bytes + ROOM_FOR_HEADERS:", "if False:", LIMITS),
    ("web/security.py", "if room <= 0 or declared > room + ROOM_FOR_HEADERS:", "if room < 0:", LIMITS),
    ("web/security.py", 'bool(equals and "://" in rest[:12])', "False", LIMITS),
    ("web/security.py", '"/proxy=" in path or', "", LIMITS),
    ("web/security.py", "    processing_utils.async_ssrf_protected_download = refuse\n", "", LIMITS),
    ("web/security.py", 'return name.lower().startswith(b"access-control-")', "return False", SECURITY),
    ("web/security.py", "return all(right)", "return any(right)", "web/test_web_auth.py"),
    ("web/limits.py", "    if size > config.max_bytes:\n", "    if False:\n", LIMITS),
    ("web/limits.py", "    check_seconds(path, info.duration, config)\n    return info", "    return info", LIMITS),
    ("web/limits.py", "if width * height > config.max_pixels:", "if False:", LIMITS),
    ("web/limits.py", "if most_frames is not None and done > most_frames:", "if False:", LIMITS),
    ("web/settings.py", "return abs(value) < 1e300 and math.isfinite(value)", "return True", SECURITY),
    (
        "web/settings.py",
        "if isinstance(value, bool) or not isinstance(value, int | float):",
        "if not isinstance(value, int | float):",
        SECURITY,
    ),
    ("web/settings.py", "if len(self.instruction) > MOST_CHARACTERS:", "if False:", SECURITY),
    ("web/settings.py", "if not self.auth and not is_loopback(self.host):", "if False:", "cli/test_mistakes_table.py"),
    ("web/visit.py", "return self.studio.config.shared or clip.owner == self.owner", "return True", SECURITY),
    ("web/attempts.py", "if record.failed >= FREE:", "if record.failed > 10 * FREE:", "web/test_web_attempts.py"),
    (
        "web/attempts.py",
        "record.failed = 0 if right else record.failed + 1",
        "record.failed = record.failed + 1",
        "web/test_web_attempts.py",
    ),
    (
        "web/attempts.py",
        "        if record.waiting >= MOST_WAITING:\n",
        "        if False:\n",
        "web/test_web_attempts.py",
    ),
    ("web/shelf.py", "each.chmod(0o700)", "each.chmod(0o755)", SECURITY),
    ("web/shelf.py", " - busy):", "):", WEB),
    ("serving/doors.py", "return name in self.names or (self.any_address and is_address(name))", "return True", DOORS),
    ("serving/doors.py", "return own and site in OWN", "return own", DOORS),
    ("serving/doors.py", "            return site in OWN\n", "            return True\n", DOORS),
    (
        "serving/doors.py",
        'if method == "GET" and headers.get("sec-fetch-mode") == "navigate":',
        'if headers.get("sec-fetch-mode") == "navigate":',
        DOORS,
    ),
]
