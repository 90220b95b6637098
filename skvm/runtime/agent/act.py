"""What a call of a tool does: files in this process, commands in the sandbox, each within what the step may touch."""

from __future__ import annotations

import json
import sys
from collections.abc import Awaitable, Callable, Iterable
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import anyio

from skvm.diag import EnvironmentFailure
from skvm.ir.effects import may_alias
from skvm.plan import EventKind, FileResult, StepNode
from skvm.runtime.agent.asked import ask_user
from skvm.runtime.session import Session
from skvm.runtime.state.scope import Scope
from skvm.runtime.threads import in_thread
from skvm.runtime.tools import files
from skvm.runtime.tools.files import ToolFailure
from skvm.runtime.tools.hosts import MOST_TOLD, UNREACHED, HostDenied, Outward
from skvm.runtime.tools.web import web_fetch
from skvm.runtime.work.confined import Refused
from skvm.runtime.work.snapshot import changed, digest_file, take
from skvm.runtime.work.writable import DENIED, covered, may_write, meet_places, permitted_folders, within, write_grants

GREP = Path(files.__file__).with_name("grep.py")
SEARCH_SECONDS = 20.0
SHOWN = 8
"""Steps that a message about an overlap names, and hosts that one about the network does."""


@dataclass(frozen=True)
class Done:
    """What came of acting."""

    ok: bool
    text: str
    exit_code: int | None = None
    stdout: str | None = None
    files: tuple[str, ...] = ()
    failed: EnvironmentFailure | None = None


@dataclass
class Acting:
    """The hands of one attempt at one step.

    `confined`: the places the step may write because others may run beside it; None = the whole work folder. `denied` says
    what it was refused, `touched` which files it wrote. `warm`: a program may be one of many.
    """

    session: Session
    node: StepNode
    scope: Scope
    ends: float | None = None
    confined: tuple[str, ...] | None = None
    denied: str = ""
    warm: bool = False
    touched: dict[str, None] = field(default_factory=dict)

    async def act(self, tool: str, args: dict[str, Any], words: tuple[str, ...]) -> Done:
        """Do what a call asks for; raises LimitHit and whatever else ends the run."""
        handler = getattr(self, f"_{tool}")
        try:
            if tool == "execute_command":
                return await self._execute_command(args, words)
            act: Callable[..., Awaitable[str]] = handler
            return Done(True, await act(**args))
        except HostDenied as error:
            self._tell_denial("host", error.name, str(error))
            return Done(False, f"error: {error}")
        except (ToolFailure, Refused) as error:
            return Done(False, f"error: {error}")
        except EnvironmentFailure as error:
            return Done(False, f"error: {error.message}", failed=error)
        except OSError as error:
            return Done(False, f"error: {error.strerror or error}")
        except ValueError as error:  # NUL or unencodable characters in a path
            return Done(False, f"error: {error}")

    async def _read_file(self, path: str, offset: int = 1, limit: int = files.MAX_LINES) -> str:
        return await in_thread(files.read_file, self.session.places, path, offset, limit)

    async def _list_directory(self, path: str = ".") -> str:
        return await in_thread(files.list_directory, self.session.places, path)

    def _permit(self, path: str) -> None:
        """Raises Refused for a file outside of the places the user permits, or the step is confined to."""
        folders = self.session.request.policy.write
        if self.confined is None and folders is None:
            return
        relative = files.writable(self.session.places, path)
        if folders is not None and not within(self.session.space.work, relative, folders):
            why = f"{relative} is not among the folders that the user's policy lets a run write: {', '.join(folders) or 'none'}"
            self._tell_denial("write", relative, why)
            raise Refused(why)
        if self.confined is not None and not may_write(self.session.space.work, relative, self.confined):
            self.denied = f"it would write {relative}"
            raise Refused(f"{relative} is not among the places this step may write beside other steps")

    async def _write_file(self, path: str, content: str) -> str:
        self._permit(path)
        text = await in_thread(files.write_file, self.session.places, path, content)
        self.note_path("write_file", {"path": path})
        return text

    async def _edit_file(self, path: str, old: str, new: str) -> str:
        self._permit(path)
        text = await in_thread(files.edit_file, self.session.places, path, old, new)
        self.note_path("edit_file", {"path": path})
        return text

    async def _search(self, pattern: str, path: str = ".") -> str:
        folder, relative, _ = self.session.places.find(path)
        if folder.kind(relative) is None:
            raise ToolFailure(f"there is no {path}")
        question = json.dumps({"root": str(folder.root), "path": relative, "pattern": pattern})
        with anyio.move_on_after(SEARCH_SECONDS) as scope:
            program = [sys.executable, "-I", "-S", str(GREP)]
            answer = await anyio.run_process(program, input=question.encode(), check=False, env={}, cwd="/")
        if scope.cancelled_caught:
            raise ToolFailure("the search took too long; use a simpler pattern or name a file")
        try:
            found = json.loads(answer.stdout)
        except ValueError:
            raise ToolFailure("the search failed") from None
        if "error" in found:
            raise ToolFailure(found["error"])
        lines = found["hits"] + (["[more lines match]"] if found["more"] else [])
        return "\n".join(lines) or "no line matches"

    async def _web_fetch(self, url: str) -> str:
        return await in_thread(web_fetch, url, self.session.granted(self.node, "host"))

    async def _browser(self, action: str, url: str = "", target: str = "", text: str = "") -> str:
        hosts = self.session.granted(self.node, "host")
        return await self.session.browsing.act(hosts, action, target=target, text=text, url=url, told=self._tell_browsed)

    async def _ask_user(self, question: str) -> str:
        return await ask_user(self.session, self.node, self.scope, question)

    async def _execute_command(self, args: dict[str, Any], words: tuple[str, ...]) -> Done:
        session = self.session
        work = session.space.work
        # before the inventory: what a step that ends during it wrote since then would count as this one's
        begun, alone = session.course.begun, session.course.running <= 1
        before = await in_thread(take, work)
        write = await in_thread(self._writable)
        hosts = session.granted(self.node, "host")
        outward = Outward(hosts, self._tell_reach)
        reach = outward.reach if hosts else None
        env, command = session.env_of(self.node), words or args["command"]
        result = await session.commands.run(command, env, reach, self._left(), write, self.warm)
        new = await in_thread(changed, work, before)
        alone = alone and session.course.alone_since(begun)
        wrote = tuple(path for path in new if alone or self._mine(path))
        self.touched.update(dict.fromkeys(wrote))
        ok = result.exit_code == 0 and not result.reason
        if self.confined is not None and not ok and DENIED.search(result.text):
            self.denied = f"`{args['command']}` was refused a place to write"
        if not hosts and not ok and UNREACHED.search(result.text):
            outward.named_in(args["command"])
        text = self._unreached(outward, result.text)
        self._note_strays(new)
        return Done(ok and not outward.denied, text, result.exit_code, result.stdout, wrote)

    def _writable(self) -> tuple[Path, ...] | None:
        """The places a command may write: those the step is confined to, and of them what the user's policy leaves."""
        work, folders = self.session.space.work, self.session.request.policy.write
        own = None if self.confined is None else write_grants(work, self.confined)
        return own if folders is None else meet_places(own, permitted_folders(work, folders))

    def _tell_reach(self, host: str, port: int, why: str, denial: bool) -> None:
        self.session.emit(EventKind.NET_REACH, self.node.id, self.scope, host=host, port=port, ok=not why, reason=why)
        if denial:
            self._tell_denial("host", f"{host}:{port}", why)

    def _tell_browsed(self, host: str, port: int, why: str, denial: bool) -> None:
        """A browser also asks for hosts of its maker, which no step wanted: they are noted, and are no denial of the step's.
        What a page asks for in vain stands in what is seen of it."""
        self._tell_reach(host, port, why, False)

    def _tell_denial(self, what: str, name: str, why: str) -> None:
        self.session.emit(EventKind.DENIED, self.node.id, self.scope, what=what, name=name, reason=why)

    def _unreached(self, outward: Outward, text: str) -> str:
        """The text of a command and what it could not reach; a denial is a failure whatever the program made of it,
        since one that reads a refusal as an answer may well end with 0."""
        why = [*outward.denied.values(), *outward.failed.values()]
        if outward.denied and self.confined is not None:
            self.denied = f"it would reach {', '.join(outward.denied)}"
        if outward.attempts > MOST_TOLD:
            why.append(f"{outward.attempts} connections were tried, {MOST_TOLD} of them are in the journal")
        return "\n".join([text, *(f"network: {line}" for line in why[:SHOWN])])

    def _note_strays(self, paths: Iterable[str]) -> None:
        """A new file has no place to grant but its folder, so what a command wrote there is looked at afterwards.

        Nothing can be taken back; what another step reads and nobody else writes shows that the two are not independent.
        """
        if self.confined is None:
            return
        strange = [path for path in paths if not covered(path, self.confined)]
        partners = self.session.overlap.partners(self.node.id) if strange else ()
        for path in strange:
            if any(covered(path, n.effects.reads) for n in partners) and not any(
                covered(path, n.effects.writes) for n in partners
            ):
                part_from(self.session, self.node, self.scope, f"it wrote {path}")
                return

    def _mine(self, path: str) -> bool:
        """Beside other steps, a changed file is this one's when its effects say so and no tool of another wrote it."""
        effects = self.node.effects
        own = self.session.place(self.node.id)
        other = self.session.written.get(path, own)
        return other == own and (effects.top or any(may_alias(path, place) for place in effects.writes))

    def changed_files(self) -> tuple[FileResult, ...]:
        """Files that the calls created or changed and that are still there, by path."""
        rows = []
        for path in sorted(self.touched):
            full = self.session.space.work / path
            digest = digest_file(full)
            if digest is not None:
                rows.append(FileResult(path=path, sha256=digest, size=full.lstat().st_size))
        return tuple(rows)

    def note_path(self, tool: str, args: dict[str, Any]) -> None:
        """A file tool wrote (or had written) a file: it is this step's."""
        if tool in ("write_file", "edit_file"):
            path = self.session.places.work.relative(args["path"])
            self.touched[path] = None
            self.session.written[path] = self.session.place(self.node.id)

    def _left(self) -> float | None:
        limits = [self.session.budget.left]
        if self.ends is not None:
            limits.append(max(0.0, self.ends - self.session.ports.clock.monotonic()))
        known = [x for x in limits if x is not None]
        return min(known) if known else None


def part_from(session: Session, node: StepNode, scope: Scope, what: str) -> None:
    """Remember that a step is not as independent as its text shows; raises StoreError."""
    what = session.redactor.text(what)
    others = session.overlap.remember(node.id, what, session.recorder.run)
    named = ", ".join(others[:SHOWN]) + (f" and {len(others) - SHOWN} more" if len(others) > SHOWN else "")
    beside = f"; from now on never beside {named}" if others else ""
    session.emit(EventKind.DIAG, node.id, scope, code="overlap", message=f"{what}, which its text does not show{beside}")
