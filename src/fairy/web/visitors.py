"""Who asks: a browser is known by a cookie, a program by a header of its choice or else for the length of its session.

What is kept is a digest, so that the folder tells nobody's secret.
"""

from __future__ import annotations

import hashlib
import re
import secrets
from collections.abc import Mapping
from http.cookies import CookieError, SimpleCookie

COOKIE = "fairy-visitor"
HEADER = "x-fairy-visitor"
COOKIE_SECONDS = 365 * 86_400
SECRET = re.compile(r"[0-9A-Za-z_-]{16,128}")


def visitor_of(headers: Mapping[str, str], session: str | None = None) -> str:
    """Who asks, by the headers of a request, whose names have small letters."""
    secret = headers.get(HEADER) or cookie_of(headers.get("cookie", "")) or session or secrets.token_hex(16)
    return hashlib.sha256(secret.encode()).hexdigest()[:32]


def cookie_of(cookies: str) -> str:
    """The visitor's cookie; empty where there is none as we give them."""
    try:
        found = SimpleCookie(cookies).get(COOKIE)
    except CookieError:
        return ""
    return found.value if found and SECRET.fullmatch(found.value) else ""


def new_cookie() -> str:
    """A Set-Cookie for a browser that has none."""
    return f"{COOKIE}={secrets.token_urlsafe(24)}; Path=/; Max-Age={COOKIE_SECONDS}; HttpOnly; SameSite=Lax"
