"""A tunnel leads to the server it was opened to: the name in the TLS of a client is read and held against the granted hosts."""

from __future__ import annotations

import asyncio
import socket
import ssl
from collections.abc import Awaitable, Callable
from pathlib import Path

import anyio
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from skvm.adapters.confine.hello import NotAHello, asked_for
from skvm.adapters.confine.proxy import Proxy
from skvm.runtime.tools.hosts import Outward

pytestmark = pytest.mark.net

Talk = Callable[[asyncio.StreamReader, asyncio.StreamWriter, int], Awaitable[bytes]]


def hello(name: str | None) -> bytes:
    """What OpenSSL says first to a server of that name."""
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
    context.check_hostname, context.verify_mode = False, ssl.CERT_NONE
    out = ssl.MemoryBIO()
    client = context.wrap_bio(ssl.MemoryBIO(), out, server_hostname=name)
    with pytest.raises(ssl.SSLWantReadError):
        client.do_handshake()
    return out.read()


def in_records(data: bytes, size: int) -> bytes:
    """The same hello spread over records of that size."""
    body = data[5:]
    pieces = [body[i : i + size] for i in range(0, len(body), size)]
    return b"".join(b"\x16\x03\x01" + len(p).to_bytes(2) + p for p in pieces)


class Server:
    """Keeps what it is told, and answers once it has heard something; `first` is said before anything is heard."""

    def __init__(self, first: bytes = b"") -> None:
        self.first = first
        self.heard = b""

    async def __call__(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        writer.write(self.first)
        while data := await reader.read(4096):
            self.heard += data
            writer.write(b"ok")
        writer.close()


def tunnelled(
    talk: Talk, hosts: tuple[str, ...], to: str = "127.0.0.1", server: Server | None = None
) -> tuple[bytes, Server, list]:
    """What a program got through a tunnel, what the server heard, what was told of connections. `{port}` is filled in."""
    server, told = server or Server(), []

    async def main() -> bytes:
        far = await asyncio.start_server(server, "127.0.0.1", 0)
        port = far.sockets[0].getsockname()[1]
        granted = tuple(h.format(port=port) for h in hosts)
        proxy = Proxy(Outward(granted, lambda *row: told.append(row)).reach)
        listener = socket.create_server(("127.0.0.1", 0))
        listener.setblocking(False)
        await proxy.listen(listener)
        try:
            with anyio.fail_after(20):
                reader, writer = await asyncio.open_connection(*listener.getsockname())
                writer.write(f"CONNECT {to}:{port} HTTP/1.1\r\n\r\n".encode())
                assert (await reader.readuntil(b"\r\n\r\n")).startswith(b"HTTP/1.1 200")
                got = await talk(reader, writer, port)
                writer.close()
            return got
        finally:
            proxy.close()
            far.close()

    return anyio.run(main), server, told


def saying(data: bytes, piece: int = 0) -> Talk:
    """Say it, whole or in pieces, and give back the answer (empty when the connection was closed)."""

    async def talk(reader: asyncio.StreamReader, writer: asyncio.StreamWriter, port: int) -> bytes:
        try:
            for at in range(0, len(data), piece or len(data)):
                writer.write(data[at : at + (piece or len(data))])
                await writer.drain()
            return await reader.read(2)
        except ConnectionError:
            return b""

    return talk


@pytest.mark.parametrize(
    ("to", "name", "hosts"),
    [
        ("localhost", "localhost", ("localhost:{port}",)),
        ("localhost", "LOCALHOST", ("localhost",)),
        ("127.0.0.1", None, ("127.0.0.1:{port}",)),
        ("localhost", None, ("localhost:{port}",)),
        ("127.0.0.1", "localhost", ("127.0.0.1:{port}", "localhost:{port}")),
    ],
    ids=["its own name", "in capitals", "no name", "a name, and none said", "another that is granted too"],
)
def test_let_through(to: str, name: str | None, hosts: tuple[str, ...]) -> None:
    said = hello(name)
    got, server, told = tunnelled(saying(said), hosts, to)
    assert got == b"ok" and server.heard == said, "not a byte is changed"
    assert not [row for row in told if row[2]]


@pytest.mark.parametrize(("to", "name"), [("127.0.0.1", "localhost"), ("localhost", "other.invalid")])
@pytest.mark.parametrize("cut", [0, 1, 7, 100], ids=["whole", "bytes", "sevens", "records"])
def test_another_server_is_not_asked_for(to: str, name: str, cut: int) -> None:
    said = in_records(hello(name), cut) if cut == 100 else hello(name)
    got, server, told = tunnelled(saying(said, 0 if cut == 100 else cut), (to + ":{port}",), to)
    assert got == b"" and server.heard == b"", "nothing of it left"
    (denial,) = [row for row in told if row[3]]
    assert denial[0] == name and "is not permitted for this step" in denial[2]


def test_a_port_that_is_not_granted_for_the_other_name() -> None:
    got, server, _ = tunnelled(saying(hello("localhost")), ("127.0.0.1:{port}", "localhost:1"))
    assert got == b"" and server.heard == b""


@pytest.mark.parametrize(
    "said", [b"\x16", b"\x16\x03\x01\x00\x05\x02\x00\x00\x01\x00", b"\x16\x03\x01\xff\xff" + b"x" * 70_000]
)
def test_what_looks_like_tls_and_cannot_be_read_is_closed(said: bytes) -> None:
    async def talk(reader: asyncio.StreamReader, writer: asyncio.StreamWriter, port: int) -> bytes:
        try:
            writer.write(said)
            writer.write_eof()
            return await reader.read(2)
        except ConnectionError:
            return b""

    got, server, _ = tunnelled(talk, ("127.0.0.1",))
    assert got == b"" and server.heard == b""


def test_other_protocols_pass_and_a_server_may_speak_first() -> None:
    async def talk(reader: asyncio.StreamReader, writer: asyncio.StreamWriter, port: int) -> bytes:
        greeting = await reader.readexactly(5)
        writer.write(b"EHLO me\r\n")
        return greeting + await reader.readexactly(2)

    got, server, _ = tunnelled(talk, ("127.0.0.1",), server=Server(b"hello"))
    assert got == b"hellook" and server.heard == b"EHLO me\r\n"


def test_a_whole_conversation_in_tls(tmp_path: Path) -> None:
    trusted = certificate(tmp_path)

    async def main() -> bytes:
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        context.load_cert_chain(tmp_path / "cert.pem", tmp_path / "key.pem")
        far = await asyncio.start_server(Server(), "127.0.0.1", 0, ssl=context)
        port = far.sockets[0].getsockname()[1]
        proxy = Proxy(Outward((f"localhost:{port}",)).reach)
        listener = socket.create_server(("127.0.0.1", 0))
        listener.setblocking(False)
        await proxy.listen(listener)
        try:
            reader, writer = await asyncio.open_connection(*listener.getsockname())
            writer.write(f"CONNECT localhost:{port} HTTP/1.1\r\n\r\n".encode())
            await reader.readuntil(b"\r\n\r\n")
            await writer.start_tls(trusted, server_hostname="localhost")
            writer.write(b"ping")
            return await reader.readexactly(2)
        finally:
            proxy.close()
            far.close()

    assert anyio.run(main) == b"ok"


def certificate(folder: Path) -> ssl.SSLContext:
    """A certificate for localhost made now, and a client that trusts it."""
    pytest.importorskip("cryptography")
    from datetime import UTC, datetime, timedelta

    from cryptography import x509
    from cryptography.hazmat.primitives import hashes, serialization
    from cryptography.hazmat.primitives.asymmetric import ec

    key = ec.generate_private_key(ec.SECP256R1())
    name = x509.Name([x509.NameAttribute(x509.NameOID.COMMON_NAME, "localhost")])
    now = datetime.now(UTC)
    made = (
        x509.CertificateBuilder()
        .subject_name(name)
        .issuer_name(name)
        .public_key(key.public_key())
        .serial_number(x509.random_serial_number())
        .not_valid_before(now - timedelta(days=1))
        .not_valid_after(now + timedelta(days=1))
        .add_extension(x509.SubjectAlternativeName([x509.DNSName("localhost")]), critical=False)
        .sign(key, hashes.SHA256())
    )
    pem = serialization.Encoding.PEM
    plain = (serialization.PrivateFormat.PKCS8, serialization.NoEncryption())
    (folder / "cert.pem").write_bytes(made.public_bytes(pem))
    (folder / "key.pem").write_bytes(key.private_bytes(pem, *plain))
    return ssl.create_default_context(cafile=str(folder / "cert.pem"))


def test_a_hello_is_read_only_when_all_of_it_is_there() -> None:
    for name in ("a.invalid", "x" * 60 + ".invalid", None):
        said = hello(name)
        assert asked_for(said) == asked_for(said + b"more") == (name or "")
        assert asked_for(in_records(said, 3)) == (name or "")
        assert all(asked_for(said[:cut]) is None for cut in range(1, len(said)))


@settings(max_examples=200, deadline=None)
@given(st.binary(min_size=1, max_size=400), st.integers(0, 600), st.integers(0, 255))
def test_strange_bytes_are_refused_or_waited_for(noise: bytes, at: int, other: int) -> None:
    said = bytearray(hello("a.invalid"))
    said[at % len(said)] = other
    for data in (b"\x16\x03\x01" + noise, bytes(said), bytes(said[: at % len(said) + 1]) + noise):
        try:
            assert asked_for(data) is None or isinstance(asked_for(data), str)
        except NotAHello as refused:
            assert str(refused)
