"""timeline: events of a run as rows, as lines while it runs, as a text timeline, and as one HTML page.

Comes in: events of one run (and its plan where it is at hand). Goes out: data, plain text, self-contained HTML.
Must never: read the journal itself, load anything from elsewhere, or show a text without escaping it.
"""

from skvm.runtime.timeline.html import trace_html
from skvm.runtime.timeline.lines import events_lines
from skvm.runtime.timeline.live import live_line
from skvm.runtime.timeline.rows import CallRow, Trace, TraceRow, timeline_json, trace
from skvm.runtime.timeline.text import timeline_text

__all__ = ["CallRow", "Trace", "TraceRow", "events_lines", "live_line", "timeline_json", "timeline_text", "trace", "trace_html"]
