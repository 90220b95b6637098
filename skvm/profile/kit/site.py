"""A small site on 127.0.0.1 whose data exist nowhere else: pages are made by a function, one answer a request."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field

BASE = "{{base}}"
"""Stands for the address of a site, in prompts, plays, bodies and locations, until it is known."""


@dataclass(frozen=True)
class Asked:
    """One request: method, path, query, form fields and cookies as first values by name."""

    method: str
    path: str
    query: Mapping[str, str] = field(default_factory=dict)
    form: Mapping[str, str] = field(default_factory=dict)
    cookies: Mapping[str, str] = field(default_factory=dict)


@dataclass(frozen=True)
class Answer:
    """One answer; `cookies` are set, `location` redirects (status 303)."""

    body: str
    type: str = "application/json"
    status: int = 200
    cookies: Mapping[str, str] = field(default_factory=dict)
    location: str = ""


@dataclass(frozen=True)
class Site:
    """A site: a pure function from request to answer (state, such as a signed-in session, lives in cookies and addresses)."""

    answer: Callable[[Asked], Answer]
