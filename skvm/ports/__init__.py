"""ports: protocols of all that can be replaced - model, harness, sandbox, browser, engine, storage, solid code, gate, clock.

Comes in and goes out: typed requests and answers. Small on purpose; `VERSION` changes when one of them does.
Must never: hold an implementation, or import one.
"""

from skvm.ports.browser import Browser, Browsers, PageFailure, PageItem, PageView
from skvm.ports.engine import Engine, Job, QueueEngine, Work
from skvm.ports.harness import Harness, HarnessCall, HarnessRun, HarnessTask, HarnessTurn
from skvm.ports.model import (
    Message,
    ModelClient,
    ModelReply,
    ModelRequest,
    RequestTag,
    TokenCounter,
    ToolCall,
    ToolSpec,
    Usage,
)
from skvm.ports.network import HostRefused, Reach
from skvm.ports.runtime import (
    Clock,
    EventSink,
    Foreteller,
    Foretelling,
    Foretold,
    Fusing,
    Gatekeeper,
    Offer,
    Refusal,
    SolidBook,
    StepContext,
)
from skvm.ports.sandbox import Keeping, Sandbox, SandboxGrants, SandboxLimits, SandboxRequest, SandboxResult, SelfTest
from skvm.ports.storage import QUEUED, Blobs, Journal, RunRow, Storage

VERSION = 3

__all__ = [
    "QUEUED",
    "VERSION",
    "Blobs",
    "Browser",
    "Browsers",
    "Clock",
    "Engine",
    "EventSink",
    "Foreteller",
    "Foretelling",
    "Foretold",
    "Fusing",
    "Gatekeeper",
    "Harness",
    "HarnessCall",
    "HarnessRun",
    "HarnessTask",
    "HarnessTurn",
    "HostRefused",
    "Job",
    "Journal",
    "Keeping",
    "Message",
    "ModelClient",
    "ModelReply",
    "ModelRequest",
    "Offer",
    "PageFailure",
    "PageItem",
    "PageView",
    "QueueEngine",
    "Reach",
    "Refusal",
    "RequestTag",
    "RunRow",
    "Sandbox",
    "SandboxGrants",
    "SandboxLimits",
    "SandboxRequest",
    "SandboxResult",
    "SelfTest",
    "SolidBook",
    "StepContext",
    "Storage",
    "TokenCounter",
    "ToolCall",
    "ToolSpec",
    "Usage",
    "Work",
]
