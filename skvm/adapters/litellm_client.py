"""Any model that litellm knows, behind the model port.

litellm is imported in a daemon thread of its own, which also runs its event loop: its import takes two seconds and parts of it
block, and neither a deadline nor a cancellation nor the end of the process may wait for that. Retry, caching and prices are
ours, so litellm's are switched off (its retries and cache depend on packages it does not declare, and count wrongly).
"""

from __future__ import annotations

import asyncio
import atexit
import contextlib
import functools
import gc
import logging
import os
import threading
import time
import warnings
from collections.abc import Callable, Coroutine
from concurrent.futures import Future, ThreadPoolExecutor
from typing import Any

import anyio

from skvm.adapters.litellm_errors import as_target_error
from skvm.adapters.prices import Prices, shipped_prices
from skvm.adapters.tokens import OfflineCounter
from skvm.diag import EnvironmentFailure, TargetError, UsageError
from skvm.ports import Message, ModelReply, ModelRequest, ToolCall, ToolSpec, Usage

# Read by litellm and its dependencies when they are imported: no price list, no tokenizer is fetched, nothing is reported.
_QUIET = {
    "LITELLM_LOCAL_MODEL_COST_MAP": "True",
    "LITELLM_LOCAL_ANTHROPIC_BETA_HEADERS": "True",
    "LITELLM_LOG": "CRITICAL",
    "HF_HUB_OFFLINE": "1",
    "HF_HUB_DISABLE_TELEMETRY": "1",
}
_NO_KEY = "none"  # servers of one's own often want no key; litellm refuses to send none
_FINISH = {"content_filter": "filter", "function_call": "tool_calls"}


class LitellmClient:
    """A ModelClient. `api_base` and `api_key` override what litellm reads from the environment."""

    simulated = False

    def __init__(self, api_base: str | None = None, api_key: str | None = None, prices: Prices | None = None) -> None:
        self._api_base = api_base
        self._api_key = api_key
        self._prices = prices
        self._counter = OfflineCounter()
        self._pending: set[Future[_Said]] = set()

    async def complete(self, request: ModelRequest, on_text: Callable[[str], None] | None = None) -> ModelReply:
        """One streamed answer. `request.timeout` is the total, import of litellm included.

        Raises UsageError for a model id without a provider, TargetError for everything the target does wrong.
        """
        begun = time.monotonic()
        loop = asyncio.get_running_loop()

        def heard(piece: str) -> None:
            if on_text is not None:
                loop.call_soon_threadsafe(on_text, piece)

        pending = _engine().submit(lambda vendor: self._ask(vendor, request, heard))
        self._pending.add(pending)
        try:
            with anyio.fail_after(request.timeout):
                said = await asyncio.wrap_future(pending)
        except TimeoutError:
            raise _late(request) from None
        finally:
            self._pending.discard(pending)
            pending.cancel()
        usage = said.usage or self._estimate(request, said)
        cost = (self._prices or shipped_prices()).cost(request.model, usage)
        return ModelReply(
            text=said.text,
            calls=said.calls(),
            usage=usage,
            finish=said.reason(),
            cost=cost,
            seconds=time.monotonic() - begun,
        )

    async def close(self) -> None:
        """Give up the calls under way. The thread stays: it serves every client of the process."""
        for pending in tuple(self._pending):
            pending.cancel()

    async def _ask(self, vendor: Any, request: ModelRequest, heard: Callable[[str], None]) -> _Said:
        """Runs in litellm's loop."""
        provider = _provider(vendor, request.model, self._api_base)
        said = _Said(heard)
        try:
            stream = await vendor.acompletion(**self._arguments(request, provider))
            async for chunk in stream:
                said.add(chunk)
        except Exception as error:
            raise as_target_error(error, self._secrets()) from None
        # litellm makes up a finish reason for a stream that just ends; these two hold only what the server sent.
        sent = [getattr(stream, name, None) for name in ("received_finish_reason", "intermittent_finish_reason")]
        if not any(sent):
            raise TargetError(f"{request.model}: the answer broke off", kind="protocol", transient=True)
        # Where the server counted nothing litellm makes up a count as well; what the server sent stands in the kept chunks.
        if said.usage and not any(getattr(chunk, "usage", None) for chunk in getattr(stream, "chunks", None) or [said]):
            said.usage = None
        return said

    def _arguments(self, request: ModelRequest, provider: str) -> dict[str, Any]:
        """Keyword arguments of litellm; the request's tag is not among them."""
        arguments: dict[str, Any] = {
            "model": request.model,
            "messages": [_message(m) for m in request.messages],
            "stream": True,
            "stream_options": {"include_usage": True},
            "max_retries": 0,
            "drop_params": True,
            "api_base": self._api_base,
            "api_key": self._key(provider),
            "max_tokens": request.max_tokens,
            "temperature": request.temperature,
            "seed": request.seed,
            "timeout": request.timeout,
        }
        if request.tools:
            arguments["tools"] = [_tool(t) for t in request.tools]
            arguments["tool_choice"] = _choice(request.tool_choice)
        return {k: v for k, v in arguments.items() if v is not None}

    def _key(self, provider: str) -> str | None:
        if self._api_key is None and self._api_base and not os.environ.get(f"{provider.upper()}_API_KEY"):
            return _NO_KEY
        return self._api_key

    def _secrets(self) -> tuple[str, ...]:
        named = [v for k, v in os.environ.items() if k.endswith(("_KEY", "_TOKEN", "_SECRET")) and len(v) >= 8]
        return (*named, *([self._api_key] if self._api_key else []))

    def _estimate(self, request: ModelRequest, said: _Said) -> Usage:
        """Tokens counted here, for a backend that gave none."""
        sent = "\n".join([m.content + "".join(c.name + c.arguments for c in m.calls) for m in request.messages])
        told = said.text + "".join(c.name + c.arguments for c in said.calls())
        return Usage(prompt=self._counter.count(sent), completion=self._counter.count(told), estimated=True)


class _Said:
    """Puts one answer together from streamed pieces."""

    def __init__(self, heard: Callable[[str], None]) -> None:
        self._heard = heard
        self._parts: list[str] = []
        self._calls: dict[int, dict[str, str]] = {}
        self.finish = ""
        self.usage: Usage | None = None

    @property
    def text(self) -> str:
        return "".join(self._parts)

    def add(self, chunk: Any) -> None:
        """One chunk in litellm's form."""
        if usage := getattr(chunk, "usage", None):
            self.usage = _usage(usage)
        for choice in (getattr(chunk, "choices", None) or [])[:1]:
            if choice.finish_reason:
                self.finish = str(choice.finish_reason)
            delta = choice.delta
            if piece := getattr(delta, "content", None):
                self._parts.append(piece)
                self._heard(piece)
            for call in getattr(delta, "tool_calls", None) or []:
                self._add_call(call)

    def _add_call(self, call: Any) -> None:
        row = self._calls.setdefault(call.index or 0, {"id": "", "name": "", "arguments": ""})
        row["id"] = row["id"] or call.id or ""
        if call.function is not None:
            row["name"] += call.function.name or ""
            row["arguments"] += call.function.arguments or ""

    def calls(self) -> tuple[ToolCall, ...]:
        """The calls in the order of their index; a missing id gets one from the position."""
        rows = [self._calls[index] for index in sorted(self._calls)]
        return tuple(
            ToolCall(id=r["id"] or f"call_{i}", name=r["name"], arguments=r["arguments"] or "{}") for i, r in enumerate(rows)
        )

    def reason(self) -> str:
        """Why the answer ended, in the words of the port."""
        if self._calls and self.finish in ("", "stop"):
            return "tool_calls"
        return _FINISH.get(self.finish, self.finish or "stop")


class _Engine:
    """A daemon thread with its own event loop, in which litellm is imported and runs.

    One for the process: litellm keeps connections per loop and mixes them up when loops come and go.
    """

    def __init__(self) -> None:
        self._loop = asyncio.new_event_loop()
        self._loop.set_default_executor(_DaemonExecutor(max_workers=1))
        self._vendor: Any = None
        threading.Thread(target=self._main, name="skvm-litellm", daemon=True).start()

    def submit(self, work: Callable[[Any], Coroutine[Any, Any, _Said]]) -> Future[_Said]:
        """Run `work(litellm)` in the thread; cancelling the future cancels the work there."""
        future: Future[_Said] = Future()
        self._loop.call_soon_threadsafe(self._begin, work, future)
        return future

    def _main(self) -> None:
        self._vendor = _import()
        asyncio.set_event_loop(self._loop)
        self._loop.run_forever()

    def _begin(self, work: Callable[[Any], Coroutine[Any, Any, _Said]], future: Future[_Said]) -> None:
        if future.cancelled():
            return
        if isinstance(self._vendor, Exception):
            future.set_exception(self._vendor)
            return
        _hush()
        task = self._loop.create_task(work(self._vendor))
        task.add_done_callback(lambda done: _hand_over(done, future))
        future.add_done_callback(lambda _: self._loop.call_soon_threadsafe(task.cancel))


@functools.cache
def _engine() -> _Engine:
    return _Engine()


class _DaemonExecutor(ThreadPoolExecutor):
    """Name look-ups run here: threads that never keep the process from ending."""

    def submit(self, fn: Callable[..., Any], /, *args: Any, **kwargs: Any) -> Future[Any]:
        future: Future[Any] = Future()

        def run() -> None:
            if not future.set_running_or_notify_cancel():  # nobody waits any more
                return
            try:
                future.set_result(fn(*args, **kwargs))
            except BaseException as error:
                future.set_exception(error)

        threading.Thread(target=run, name="skvm-lookup", daemon=True).start()
        return future


def _hand_over(done: asyncio.Task[_Said], future: Future[_Said]) -> None:
    if future.cancelled():
        return
    with contextlib.suppress(asyncio.InvalidStateError):
        if done.cancelled():
            future.set_exception(TargetError("the call was given up", kind="timeout", transient=True))
        elif error := done.exception():
            future.set_exception(error)
        else:
            future.set_result(done.result())


def _import() -> Any:
    """litellm, switched to quiet, or the exception that says why not."""
    for name, value in _QUIET.items():
        os.environ.setdefault(name, value)
    # litellm's objects number millions; looking through them once more when the process ends takes 0.7 s.
    atexit.register(gc.freeze)
    _hush()
    try:
        import litellm
    except Exception as error:
        return EnvironmentFailure(f"litellm cannot be imported: {error}", help="reinstall skvm")
    litellm.suppress_debug_info = True
    litellm.telemetry = False
    litellm.disable_hf_tokenizer_download = True
    litellm.num_retries = 0
    for name in ("LiteLLM", "LiteLLM Router", "LiteLLM Proxy", "asyncio"):
        logging.getLogger(name).setLevel(logging.CRITICAL)
    return litellm


def _hush() -> None:
    """Deprecations inside the vendors' code are theirs; where warnings are errors they would break the call."""
    warnings.filterwarnings("ignore", module=r"(litellm|openai|anthropic|pydantic|aiohttp|httpx|httpcore)(\..*)?$")


def _provider(vendor: Any, model: str, api_base: str | None) -> str:
    """The provider litellm takes a model id for; UsageError when it takes it for none."""
    try:
        return str(vendor.get_llm_provider(model, api_base=api_base)[1])
    except Exception:
        raise UsageError(
            f"unknown model {model!r}",
            help="write it as litellm does: PROVIDER/NAME, e.g. `openai/NAME` with --api-base URL for a server of your own",
        ) from None


def _late(request: ModelRequest) -> TargetError:
    return TargetError(f"{request.model} did not answer within {request.timeout:g} s", kind="timeout", transient=True)


def _message(message: Message) -> dict[str, Any]:
    row: dict[str, Any] = {"role": message.role, "content": message.content}
    if message.calls:
        row["content"] = message.content or None
        row["tool_calls"] = [
            {"id": c.id, "type": "function", "function": {"name": c.name, "arguments": c.arguments}} for c in message.calls
        ]
    if message.call_id is not None:
        row["tool_call_id"] = message.call_id
    return row


def _tool(tool: ToolSpec) -> dict[str, Any]:
    return {"type": "function", "function": {"name": tool.name, "description": tool.description, "parameters": tool.parameters}}


def _choice(choice: str) -> str | dict[str, Any]:
    """`auto`, `none`, `required`, or the name of the one tool to use."""
    return choice if choice in ("auto", "none", "required") else {"type": "function", "function": {"name": choice}}


def _usage(row: Any) -> Usage:
    details = getattr(row, "prompt_tokens_details", None)
    return Usage(
        prompt=int(row.prompt_tokens or 0),
        completion=int(row.completion_tokens or 0),
        cached=int(getattr(details, "cached_tokens", None) or 0),
    )
