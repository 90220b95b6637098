"""The simulated model with several pieces of work in one conversation: each is answered as it would be by itself.

What is measured of making several calls at once is drawn once for the conversation. Where it fails, the model keeps to the
first piece and forgets the others; that is our own assignment, like all mutations here.
"""

from __future__ import annotations

import re
from collections.abc import Callable
from dataclasses import dataclass, field

from skvm.ports import Message, ModelRequest, RequestTag

_OF_PIECE = re.compile(r'^\{"piece": (\d+)(?:, )?')
_OVER = ("noted:", "left:")


@dataclass(frozen=True)
class Said:
    """What the model says in one turn."""

    text: str = ""
    calls: tuple[tuple[str, str], ...] = field(default=())


def say_of_pieces(request: ModelRequest, forgetful: bool, say: Callable[[ModelRequest], Said]) -> Said:
    """The next calls of all pieces that are not over, each as `say` answers it alone."""
    kept = list(enumerate(request.tag.pieces, 1))[: 1 if forgetful else None]
    calls = []
    for number, tag in kept:
        alone = _alone(request, number, tag)
        if not _over(alone):
            calls += [(name, _marked(text, number)) for name, text in say(alone).calls]
    return Said(calls=tuple(calls)) if calls else Said(text="All pieces are complete.")


def _alone(request: ModelRequest, number: int, tag: RequestTag) -> ModelRequest:
    """The conversation as far as it is about one piece."""
    messages: list[Message] = []
    own: set[str] = set()
    for message in request.messages:
        if message.role == "user":
            item = re.search(rf"^Piece {number}, item: (.+)$", message.content, re.MULTILINE)
            messages.append(Message(role="user", content=f"Current item: {item[1]}" if item else ""))
        elif message.role == "assistant":
            mine = [c for c in message.calls if (found := _OF_PIECE.match(c.arguments)) and int(found[1]) == number]
            own |= {c.id for c in mine}
            stripped = tuple(c.model_copy(update={"arguments": _OF_PIECE.sub("{", c.arguments)}) for c in mine)
            messages.append(message.model_copy(update={"calls": stripped}))
        elif message.call_id in own:
            messages.append(message)
    return request.model_copy(update={"messages": tuple(messages), "tag": tag})


def _over(alone: ModelRequest) -> bool:
    return any(m.role == "tool" and m.content.startswith(_OVER) for m in alone.messages)


def _marked(text: str, number: int) -> str:
    """The arguments with the piece in front, whether they are JSON or not."""
    rest = text[1:] if text.startswith("{") else text
    return f'{{"piece": {number}{", " if rest != "}" else ""}{rest}'
