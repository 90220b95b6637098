"""`skvm diff`."""

from __future__ import annotations

import click

from skvm.cli.common import format_option, put, put_json, style


@click.command("diff")
@click.argument("old", metavar="A")
@click.argument("new", metavar="B")
@click.option(
    "--fail-on",
    "policy",
    metavar="CLASS,...",
    help="classes of change that exit with 1: names as printed, `any` or `none` (default: permission_widened, "
    "constraint_weakened, constraint_removed, gate_removed)",
)
@format_option()
def command(old: str, new: str, policy: str | None, form: str) -> int:
    """What changed from skill A to skill B by meaning; exits 1 when a change is against the policy."""
    from skvm.app.diffing import diff_skills, diff_text, policy_of
    from skvm.app.inputs import expand_inputs
    from skvm.diag import UsageError

    classes = policy_of(None if policy is None else [w.strip() for w in policy.split(",") if w.strip()])
    if old == new == "-":
        raise UsageError("both sides cannot come from stdin", where="-", help="name a file for one of them")
    sides = []
    for word in (old, new):
        found = expand_inputs([word])
        if len(found) > 1:
            raise UsageError("more than one skill is in this folder", where=word, help="name one skill on each side")
        sides.append(found[0])
    result = diff_skills(sides[0], sides[1], classes)
    if form == "json":
        put_json(result.to_json())
    else:
        put(diff_text(result, style))
    return 1 if result.failed else 0
