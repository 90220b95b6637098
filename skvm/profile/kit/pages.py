"""Pages of a site with forms and scripts, for a browser. No text of an instance may hold `<`, `&` or quotes."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterable
from typing import Any

from skvm.profile.kit.site import BASE, Answer, Asked

HELPERS = """
const at = (id) => document.getElementById(id);
const ask = async (path, form) => (await fetch(path, form ? { method: 'POST', body: new URLSearchParams(form) } : {})).json();
const later = (ms) => new Promise((done) => setTimeout(done, ms));
"""


def page(title: str, body: str, script: str = "") -> Answer:
    """A page; `script` may use `at(id)`, `ask(path, form)` and `later(ms)`."""
    code = f"<script>{HELPERS}{script}</script>" if script else ""
    head = f'<!doctype html><html lang="en"><head><meta charset="utf-8"><title>{title}</title></head>'
    return Answer(f"{head}<body><h1>{title}</h1>{body}{code}</body></html>", "text/html")


def data(value: Any, status: int = 200) -> Answer:
    """What a script of a page asks for."""
    return Answer(json.dumps(value), status=status)


NOTHING = Answer("<!doctype html><title>Not found</title><p>There is no such page.", "text/html", 404)


def field(label: str, name: str, kind: str = "text") -> str:
    """A labelled field."""
    return f'<p><label>{label} <input type="{kind}" name="{name}" id="{name}"></label></p>'


def choice(label: str, name: str, options: Iterable[str], disabled: bool = False) -> str:
    """A labelled choice whose first option is empty."""
    listed = "".join(f"<option>{option}</option>" for option in ("", *options))
    return f'<p><label>{label} <select name="{name}" id="{name}"{" disabled" if disabled else ""}>{listed}</select></label></p>'


def behind_sign_in(
    inside: Callable[[Asked], Answer], first: str, user: str, password: str, session: str
) -> Callable[[Asked], Answer]:
    """A site whose pages are shown to whoever signed in, beginning with `first`; everybody else is sent to the sign-in."""

    def answer(asked: Asked) -> Answer:
        if asked.path == "/login" and asked.method == "POST":
            if (asked.form.get("user"), asked.form.get("password")) == (user, password):
                return Answer("", location=BASE + first, cookies={"session": session})
            return Answer("", location=f"{BASE}/login")
        if asked.path == "/login":
            fields = field("User", "user") + field("Password", "password", "password")
            return page("Sign in", f'<form method="post" action="/login">{fields}<button>Sign in</button></form>')
        return inside(asked) if asked.cookies.get("session") == session else Answer("", location=f"{BASE}/login")

    return answer
