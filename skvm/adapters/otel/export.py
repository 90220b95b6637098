"""Where spans go: OTLP over HTTP, as the standard variables (`OTEL_EXPORTER_OTLP_ENDPOINT` and its kin) say."""

from __future__ import annotations

import logging
import threading
from collections.abc import Sequence

from opentelemetry.exporter.otlp.proto.http.trace_exporter import OTLPSpanExporter
from opentelemetry.sdk.resources import Resource
from opentelemetry.sdk.trace import ReadableSpan, TracerProvider
from opentelemetry.sdk.trace.export import BatchSpanProcessor, SpanExporter, SpanExportResult

from skvm import __version__
from skvm.adapters.otel import names
from skvm.adapters.otel.sink import SpanSink

SECONDS = 2.0
"""What one delivery may take."""


class ExportingSink(SpanSink):
    """Spans of a run to the collector that the environment names."""

    def __init__(self, exporter: SpanExporter | None = None) -> None:
        # A collector that is away is told once, by `close`, and not by log lines of the library with tracebacks.
        logging.getLogger("opentelemetry").setLevel(logging.CRITICAL)
        self._watched = _Watched(exporter or OTLPSpanExporter(timeout=SECONDS))
        self._provider = TracerProvider(resource=_resource(), shutdown_on_exit=False)
        self._provider.add_span_processor(BatchSpanProcessor(self._watched))
        super().__init__(self._provider.get_tracer("skvm", __version__))

    def close(self, seconds: float = SECONDS) -> bool:
        """Deliver what is left; False when some of it could not be delivered within so many seconds."""
        worker = threading.Thread(target=self._provider.shutdown, daemon=True)
        worker.start()
        worker.join(seconds)
        return not worker.is_alive() and not self._watched.failed


def _resource() -> Resource:
    """Who sends: what `OTEL_SERVICE_NAME` and `OTEL_RESOURCE_ATTRIBUTES` say, else skvm."""
    found = Resource.create({names.SERVICE_VERSION: __version__})
    named = not str(found.attributes.get(names.SERVICE, "unknown_service")).startswith("unknown_service")
    return found if named else found.merge(Resource({names.SERVICE: "skvm"}))


class _Watched(SpanExporter):
    """An exporter whose failures can be asked for."""

    def __init__(self, inner: SpanExporter) -> None:
        self._inner = inner
        self.failed = False

    def export(self, spans: Sequence[ReadableSpan]) -> SpanExportResult:
        """Deliver, and remember a failure."""
        try:
            found = self._inner.export(spans)
        except Exception:
            found = SpanExportResult.FAILURE
        self.failed = self.failed or found is not SpanExportResult.SUCCESS
        return found

    def shutdown(self) -> None:
        """Release the connection."""
        self._inner.shutdown()


def open_sink() -> ExportingSink:
    """A sink to the collector of the standard variables; a local one on port 4318 where they are not set."""
    return ExportingSink()
