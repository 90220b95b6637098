"""`skvm profile diff` and `skvm profile import`."""

from __future__ import annotations

from pathlib import Path

import click

from skvm.cli.common import format_option, note, put, put_items, style


@click.command("diff", short_help="what two profiles say differently")
@click.argument("a")
@click.argument("b")
@click.option("--all", "everything", is_flag=True, help="show levels on which both say the same, too")
@format_option()
def diff(a: str, b: str, everything: bool, form: str) -> int:
    """What two profiles say differently, and whether it is more than chance.

    A and B are targets, names of profiles or files. Counts are compared by Fisher's exact test, corrected for all 78
    comparisons by Holm's method; a level that rests on a letter alone cannot be tested.
    """
    from skvm.app.profiles import profile_named
    from skvm.app.settings import Settings
    from skvm.capability.compare import compare
    from skvm.capability.compare_text import difference_text

    settings = Settings.from_environment()
    found = compare(profile_named(a, settings), profile_named(b, settings))
    put(found.model_dump_json(indent=1) if form == "json" else difference_text(found, style, everything))
    return 0


@click.command("import", short_help="take over profiles that SkVM wrote")
@click.argument("files", nargs=-1, required=True, metavar="FILE...", type=click.Path(path_type=Path))
@click.option("-o", "--output", metavar="DIR", type=click.Path(path_type=Path), help="a folder instead of the own profiles")
@format_option()
def import_(files: tuple[Path, ...], output: Path | None, form: str) -> int:
    """Take over profiles that SkVM wrote (TCP files); exits 1 when one was refused because a better one is there."""
    from skvm.app.profiles import import_profiles
    from skvm.app.settings import Settings

    kept = import_profiles(files, Settings.from_environment(), output)
    if form == "json":
        put_items([k.to_json() for k in kept])
    else:
        put("\n".join(f"{k.action} {k.path}" for k in kept if k.action != "refused") or "nothing written")
    for one in kept:
        if one.action == "refused":
            note(f"skvm: {one.path}: kept, {one.why}; remove it first to replace it")
        if form == "text":
            for words in one.notes:
                note(f"{one.profile.name}: {words}")
    return 1 if any(k.action == "refused" for k in kept) else 0
