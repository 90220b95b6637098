"""OpenTelemetry: a run as spans. Needs the extra `otel`; the names of the convention are all in `names`."""

from skvm.adapters.otel.export import open_sink
from skvm.adapters.otel.sink import SpanSink

__all__ = ["SpanSink", "open_sink"]
