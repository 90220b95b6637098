"""The browser port: one page in a browser of its own; what is on it comes back as text with short references."""

from __future__ import annotations

from typing import Literal, Protocol, runtime_checkable

from skvm.ir import Frozen
from skvm.ports.network import Reach


class PageFailure(Exception):
    """An act on a page that did not work, in words for the model."""


class PageItem(Frozen):
    """Something on a page that can be acted on. `ref` stays the same as long as the thing is there.

    `value`: text of a field, chosen option of a choice, `on` or `off` of a switch, address of a link; never a password.
    """

    ref: str
    kind: Literal["link", "field", "choice", "switch", "button"]
    label: str = ""
    value: str = ""
    options: tuple[str, ...] = ()
    disabled: bool = False


class PageView(Frozen):
    """What is to be seen: visible text, things to act on, and `notes` (a dialog, a refused window, a refused host)."""

    title: str = ""
    url: str = ""
    text: str = ""
    items: tuple[PageItem, ...] = ()
    notes: tuple[str, ...] = ()

    def as_text(self) -> str:
        """As a model sees it."""
        rows = [f"title: {self.title}", f"address: {self.url}", "", self.text.strip() or "[no text]"]
        if self.items:
            rows += ["", "to act on:", *(_item(item) for item in self.items)]
        return "\n".join([*rows, *(f"note: {note}" for note in self.notes)])


def _item(item: PageItem) -> str:
    value = f" = {item.value!r}" if item.value and item.kind in ("field", "choice", "switch") else ""
    target = f" -> {item.value}" if item.value and item.kind == "link" else ""
    options = f" of {', '.join(map(repr, item.options))}" if item.options else ""
    return f"{item.ref}: {item.kind} {item.label!r}{value}{target}{options}" + (" (disabled)" if item.disabled else "")


@runtime_checkable
class Browser(Protocol):
    """One page. A `target` is a reference or the exact label of one thing.

    Every act waits until the page is quiet (bounded) and returns what is then to be seen. Raises PageFailure for what the
    model can put right, EnvironmentFailure when the browser itself is gone. Only one act at a time.
    """

    async def open(self, url: str) -> PageView:
        """Go to an address."""
        ...

    async def read(self) -> PageView:
        """Look again."""
        ...

    async def click(self, target: str) -> PageView:
        """Click."""
        ...

    async def fill(self, target: str, text: str) -> PageView:
        """Replace the text of a field."""
        ...

    async def select(self, target: str, text: str) -> PageView:
        """Choose an option by its label."""
        ...

    async def press(self, key: str, target: str = "") -> PageView:
        """Press a key (`Enter`, `Tab`, `Escape`, an arrow, one character), on a target or where the focus is."""
        ...

    async def wait(self, text: str) -> PageView:
        """Wait until a text is to be seen, or without one until the page has not changed for a while; bounded."""
        ...

    def kill(self) -> None:
        """End it at once with everything it started; may be called twice, never raises."""
        ...


@runtime_checkable
class Browsers(Protocol):
    """Starts browsers. Raises EnvironmentFailure when one does not start."""

    async def start(self, reach: Reach) -> Browser:
        """A fresh browser (no cookies, no history) whose every connection goes through `reach`."""
        ...
