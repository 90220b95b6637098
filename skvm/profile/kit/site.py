"""A small site on 127.0.0.1 whose data exist nowhere else: pages are made by a function, one answer a request."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from contextlib import suppress
from dataclasses import dataclass, field
from urllib.parse import parse_qsl

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


@dataclass(frozen=True)
class Visit:
    """A request that a site was asked, and the status of its answer."""

    asked: Asked
    status: int


class Logged:
    """A site that remembers what it was asked, in order. `visits` grows while it is in use."""

    def __init__(self, site: Site) -> None:
        self._site = site
        self.visits: list[Visit] = []

    def answer(self, asked: Asked) -> Answer:
        """The site's own answer."""
        answer = self._site.answer(asked)
        self.visits.append(Visit(asked, 303 if answer.location else answer.status))
        return answer


def pairs(text: str) -> dict[str, str]:
    """First value of every name of a query or form."""
    found: dict[str, str] = {}
    with suppress(ValueError):  # more fields than there can be
        for name, value in parse_qsl(text, keep_blank_values=True, max_num_fields=100):
            found.setdefault(name, value)
    return found
