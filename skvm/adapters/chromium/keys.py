"""Keys by name, as the protocol wants them."""

from __future__ import annotations

from typing import Any

from skvm.ports.browser import PageFailure

CODES = {
    "Enter": 13,
    "Tab": 9,
    "Escape": 27,
    "Backspace": 8,
    "Delete": 46,
    "ArrowLeft": 37,
    "ArrowUp": 38,
    "ArrowRight": 39,
    "ArrowDown": 40,
    "Home": 36,
    "End": 35,
    "PageUp": 33,
    "PageDown": 34,
    "Space": 32,
}
"""Windows virtual key codes, which are what `keyCode` shows on every system."""

TEXTS = {"Enter": "\r", "Space": " "}


def key_events(key: str) -> list[dict[str, Any]]:
    """Press and release of a named key or of one character; raises PageFailure for anything else."""
    name = next((known for known in CODES if known.lower() == key.lower()), key)
    if name not in CODES and len(name) != 1:
        raise PageFailure(f"there is no key {key!r}; known are one character, {', '.join(CODES)}")
    text = TEXTS.get(name, name if name not in CODES else "")
    shown = " " if name == "Space" else name
    event = {
        "key": shown,
        "code": name if name in CODES else "",
        "windowsVirtualKeyCode": CODES.get(name, ord(name[0].upper())),
    }
    return [
        {"type": "keyDown" if text else "rawKeyDown", **event, **({"text": text} if text else {})},
        {"type": "keyUp", **event},
    ]
