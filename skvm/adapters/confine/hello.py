"""The first words of a TLS connection: which server a client asks for (RFC 8446, 4.1.2; RFC 6066, 3). Nothing is decrypted.

Bytes of a stranger: every length is checked against what is there, and what does not fit is an error, never a guess.
"""

from __future__ import annotations

HANDSHAKE, CLIENT_HELLO, SERVER_NAME, HOST_NAME = 22, 1, 0, 0
LONGEST = 64 * 1024
"""Bytes of a hello; real ones have some 2 kB, those with post-quantum key shares included."""


class NotAHello(ValueError):
    """A TLS connection that does not begin with a hello that can be read."""


def begins_tls(data: bytes) -> bool:
    """Does a connection begin as TLS does? `data` is not empty."""
    return data[0] == HANDSHAKE


def asked_for(data: bytes) -> str | None:
    """The server that a client asks for, in lower case: empty when it names none, None when more bytes are needed.

    Raises NotAHello.
    """
    message = _message(data)
    if message is None:
        if len(data) > LONGEST:
            raise NotAHello("the hello is too long")
        return None
    hello = _Reader(message)
    hello.skip(2 + 32)  # version, random
    hello.take(hello.number(1))  # session
    hello.take(hello.number(2))  # ciphers
    hello.take(hello.number(1))  # compression
    if hello.at_end:
        return ""
    extensions = _Reader(hello.take(hello.number(2)))
    while not extensions.at_end:
        kind = extensions.number(2)
        body = extensions.take(extensions.number(2))
        if kind == SERVER_NAME:
            return _host(_Reader(body))
    return ""


def _message(data: bytes) -> bytes | None:
    """The body of the hello, put together from as many records as it is spread over; None when some of it is missing."""
    said, at = b"", 0
    while True:
        if len(said) >= 4:
            if said[0] != CLIENT_HELLO:
                raise NotAHello("the first message is no hello")
            length = int.from_bytes(said[1:4])
            if length > LONGEST:
                raise NotAHello("the hello is too long")
            if len(said) >= 4 + length:
                return said[4 : 4 + length]
        if len(data) < at + 5:
            return None
        length = int.from_bytes(data[at + 3 : at + 5])
        if data[at] != HANDSHAKE or data[at + 1] != 3 or not 0 < length <= 1 << 14:
            raise NotAHello("not a record of a handshake")
        if len(data) < at + 5 + length:
            return None
        said += data[at + 5 : at + 5 + length]
        at += 5 + length


def _host(body: _Reader) -> str:
    names = _Reader(body.take(body.number(2)))
    while not names.at_end:
        kind = names.number(1)
        name = names.take(names.number(2))
        if kind == HOST_NAME:
            try:
                return name.decode("ascii").rstrip(".").lower()
            except UnicodeDecodeError:
                raise NotAHello("the name of the server is no name") from None
    return ""


class _Reader:
    def __init__(self, data: bytes) -> None:
        self._data = data
        self._at = 0

    @property
    def at_end(self) -> bool:
        return self._at >= len(self._data)

    def take(self, size: int) -> bytes:
        """So many bytes; raises NotAHello where there are fewer."""
        if self._at + size > len(self._data):
            raise NotAHello("the hello ends too early")
        found = self._data[self._at : self._at + size]
        self._at += size
        return found

    def skip(self, size: int) -> None:
        self.take(size)

    def number(self, size: int) -> int:
        return int.from_bytes(self.take(size))
