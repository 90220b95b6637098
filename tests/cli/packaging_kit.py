"""Packages made here: wheels, a folder of them, and loopback indexes for pip and npm."""

from __future__ import annotations

import base64
import hashlib
import io
import json
import tarfile
import threading
import zipfile
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer


def wheel(folder, name, version="1.0", module="VALUE = 41\n", needs=(), script=""):
    """A wheel of one module called like the distribution; `script`: text of a console program."""
    stem = name.replace("-", "_")
    info = f"{stem}-{version}.dist-info"
    requires = "".join(f"Requires-Dist: {n}\n" for n in needs)
    files = {
        f"{stem}/__init__.py": module,
        f"{info}/METADATA": f"Metadata-Version: 2.1\nName: {name}\nVersion: {version}\n{requires}",
        f"{info}/WHEEL": "Wheel-Version: 1.0\nGenerator: test\nRoot-Is-Purelib: true\nTag: py3-none-any\n",
    }
    if script:
        files[f"{info}/entry_points.txt"] = f"[console_scripts]\n{script} = {stem}:main\n"
    record = f"{info}/RECORD"
    rows = []
    for path, text in files.items():
        digest = base64.urlsafe_b64encode(hashlib.sha256(text.encode()).digest()).rstrip(b"=").decode()
        rows.append(f"{path},sha256={digest},{len(text.encode())}")
    files[record] = "\n".join([*rows, f"{record},,"]) + "\n"
    path = folder / f"{stem}-{version}-py3-none-any.whl"
    with zipfile.ZipFile(path, "w") as archive:
        for place, text in files.items():
            archive.writestr(zipfile.ZipInfo(place), text)
    return path


def offline(folder):
    """Variables of a user whose packages lie in one folder and nowhere else."""
    unset = dict.fromkeys(("PIP_INDEX_URL", "PIP_EXTRA_INDEX_URL", "PIP_CONSTRAINT"), "")
    return {**unset, "PIP_NO_INDEX": "1", "PIP_FIND_LINKS": str(folder)}


def node_package(name, version, code, **more):
    """A tarball as npm fetches it, and its integrity."""
    about = {"name": name, "version": version, "main": "index.js", **more}
    out = io.BytesIO()
    with tarfile.open(fileobj=out, mode="w:gz") as archive:
        for path, text in (("package/package.json", json.dumps(about)), ("package/index.js", code)):
            entry = tarfile.TarInfo(path)
            entry.size = len(text.encode())
            archive.addfile(entry, io.BytesIO(text.encode()))
    data = out.getvalue()
    return about, data, "sha512-" + base64.b64encode(hashlib.sha512(data).digest()).decode()


@contextmanager
def serving(pages):
    """A server on 127.0.0.1; `pages`: path to (content type, bytes), or a callable that is given the server's address."""
    asked = []

    class Handler(BaseHTTPRequestHandler):
        def do_GET(self):
            asked.append(self.path)
            found = (pages(f"http://127.0.0.1:{server.server_port}") if callable(pages) else pages).get(self.path)
            self.send_response(200 if found else 404)
            kind, body = found or ("text/plain", b"none")
            self.send_header("Content-Type", kind)
            self.send_header("Content-Length", str(len(body)))
            self.end_headers()
            self.wfile.write(body)

        def log_message(self, *words):
            pass

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.05}, daemon=True)
    thread.start()
    try:
        yield f"http://127.0.0.1:{server.server_port}", asked
    finally:
        server.shutdown()
        server.server_close()
        thread.join()


def index(wheels, base=""):
    """Pages of a package index over wheels; `base`: where their files are."""
    pages = {}
    for path in wheels:
        name = path.name.split("-")[0].replace("_", "-")
        link = f'<a href="{base}/files/{path.name}">{path.name}</a>'
        pages[f"/simple/{name}/"] = ("text/html", f"<!DOCTYPE html><html><body>{link}</body></html>".encode())
        pages[f"/files/{path.name}"] = ("application/octet-stream", path.read_bytes())
    return pages
