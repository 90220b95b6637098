"""A weather station on 127.0.0.1 whose weather is a function of place and day, so that a test knows every answer."""

from __future__ import annotations

import hashlib
import json
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import date, timedelta
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any
from urllib.parse import parse_qs, urlsplit

FIRST_DAY = date(2026, 3, 9)
MOST_DAYS = 10
SKIES = ("clear", "cloudy", "fog", "rain", "snow")


def _draw(*parts: object) -> int:
    return int.from_bytes(hashlib.sha256("/".join(map(str, parts)).encode()).digest()[:4])


def current(place: str) -> dict[str, Any]:
    """Weather now: temperature in °C with one decimal, wind in km/h."""
    at = _draw(place, "now")
    return {"place": place, "temperature": at % 400 / 10 - 10, "wind": at // 400 % 80, "sky": SKIES[at // 32000 % len(SKIES)]}


def forecast(place: str, days: int) -> list[dict[str, Any]]:
    """One row a day from `FIRST_DAY` on; rain in mm."""
    rows = []
    for number in range(days):
        at = _draw(place, number)
        high = at % 350 / 10 - 5
        wet = at // 350 % 3 == 0
        row = {"day": (FIRST_DAY + timedelta(number)).isoformat(), "high": high, "low": high - at % 97 / 10}
        rows.append(
            {**row, "low": round(row["low"], 1), "rain": at % 90 / 10 + 0.1 if wet else 0, "sky": SKIES[at % len(SKIES)]}
        )
    return rows


class _Handler(BaseHTTPRequestHandler):
    def log_message(self, format: str, *args: Any) -> None:
        """Quiet."""

    def do_GET(self) -> None:
        """`/current?place=` or `/forecast?place=&days=`; anything else is not known."""
        parts = urlsplit(self.path)
        asked = {name: values[0] for name, values in parse_qs(parts.query).items()}
        place, days = asked.get("place", ""), asked.get("days", "1")
        known = place.isalpha() and days.isdigit() and 1 <= int(days) <= MOST_DAYS
        body: Any = None
        if known and parts.path == "/current":
            body = current(place)
        elif known and parts.path == "/forecast":
            body = {"days": forecast(place, int(days))}
        data = json.dumps(body).encode()
        self.send_response(200 if body is not None else 404)
        self.send_header("Content-Type", "application/json")
        self.send_header("Content-Length", str(len(data)))
        self.end_headers()
        self.wfile.write(data)


@contextmanager
def station() -> Iterator[str]:
    """Host and port of a station that answers meanwhile."""
    server = ThreadingHTTPServer(("127.0.0.1", 0), _Handler)
    threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.05}, daemon=True).start()
    try:
        yield f"localhost:{server.server_address[1]}"
    finally:
        server.shutdown()
        server.server_close()
