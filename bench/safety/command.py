"""`python -m bench sandbox | faults | memory | kill | crowd`."""

from __future__ import annotations

import argparse
import json
from typing import Any

from bench.safety import crowd, faults, kill, memory, sandbox


def add_to(subs: Any) -> list[argparse.ArgumentParser]:
    """Add the commands; returns their parsers."""
    parsers = []
    for name, module, help, options in (
        ("sandbox", sandbox, "escapes from each sandbox as root and as nobody, and the cost of a command", {"repeats": 40}),
        (
            "faults",
            faults,
            "a model server that fails in every way, under a deadline",
            {"deadline": 2.0, "command": ("run", "profile")},
        ),
        ("memory", memory, "a command that writes much", {"megabytes": 200}),
        ("kill", kill, "kill -9 after every event of seven plans, then resume", {"every": 1, "plan": ""}),
        ("crowd", crowd, "many runs at once on one store", {"runs": 200, "processes": 8}),
    ):
        parser = subs.add_parser(name, help=help)
        for option, value in options.items():
            one = value[0] if isinstance(value, tuple) else value
            choices = value if isinstance(value, tuple) else None
            parser.add_argument(f"--{option}", type=type(one), default=one, choices=choices)
        parser.set_defaults(function=_run, module=module, options=list(options))
        parsers.append(parser)
    return parsers


def _run(args: argparse.Namespace) -> int:
    """Exit code 1 when something that must hold does not."""
    result = args.module.measure(**{name: getattr(args, name) for name in args.options})
    print(json.dumps(result, indent=1) if args.format == "json" else args.module.text(result))
    return int(args.module.failed(result))
