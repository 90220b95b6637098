"""A keeper of boxes: a program whose every answer needs an earlier one of it, and what it answers."""

from __future__ import annotations

import hashlib
from dataclasses import dataclass

DIGEST = "sha256sum | cut -c1-12"
"""A digest that nobody works out in the head, as a command on its input."""


def digest(text: str) -> str:
    """What DIGEST makes of a text."""
    return hashlib.sha256(text.encode()).hexdigest()[:12]


@dataclass(frozen=True)
class Keeper:
    """A keeper called `name`; `salt` makes its answers its own. It lists `NAME.list` and notes in `NAME.log` what it did."""

    name: str
    salt: str

    def source(self) -> str:
        """The program, for bash."""
        return _SOURCE.format(self.name, self.salt, DIGEST)

    def ticket(self, box: str) -> str:
        """What it gives out when a box is opened."""
        return digest(f"{self.salt}/{box}")

    def weight(self, box: str) -> int:
        """What an opened box weighs, below 1000."""
        return int(digest(f"{self.salt}/{self.ticket(box)}")[:6], 16) % 1000

    def seal(self, box: str, way: str) -> str:
        """What it gives out when a box is closed in some way."""
        return digest(f"{self.salt}/{self.ticket(box)}/{way}")


_SOURCE = """\
digest() {{ printf '%s' "$1" | {2}; }}
note() {{ echo "$*" >> {0}.log; }}
case "$1" in
list) cat {0}.list ;;
open)
  grep -q "^$2 " {0}.list || {{ echo "there is no box $2" >&2; exit 2; }}
  note open "$2"
  digest "{1}/$2" >> .{0}.open
  echo "ticket $(digest "{1}/$2")" ;;
weigh | close)
  grep -qx "$2" .{0}.open 2> /dev/null || {{ echo "no box was opened with the ticket $2" >&2; exit 3; }}
  note "$@"
  if [ "$1" = weigh ]; then
    first=$(digest "{1}/$2" | cut -c1-6)
    echo "weight $((16#$first % 1000))"
  else
    echo "seal $(digest "{1}/$2/$3")"
  fi ;;
*) echo "usage: list | open BOX | weigh TICKET | close TICKET WAY" >&2; exit 1 ;;
esac
"""
