from __future__ import annotations

from pathlib import Path

import pytest

from skvm.plan import Artifact, BundleFile, EnvironmentNeed, Plan, SourceInfo, TargetInfo
from skvm.runtime.preflight import Machine, preflight, satisfies


def artifact(*needs: tuple[str, str, str], bundle: tuple[str, ...] = (), omitted: tuple[str, ...] = ()) -> Artifact:
    return Artifact(
        source=SourceInfo(name="x", digest="", program="", files=dict.fromkeys((*bundle, *omitted), "sha256:0")),
        target=TargetInfo(model="m", harness="builtin"),
        plan=Plan(),
        environment=tuple(
            EnvironmentNeed(kind=k, name=n, version=v, why="named in the text", steps=("S1.s1",)) for k, n, v in needs
        ),
        bundle=tuple(BundleFile(path=p, digest="", text="") for p in bundle),
        bundle_omitted=omitted,
    )


def machine(**more) -> Machine:
    base = {
        "find": {"jq": "/usr/bin/jq"}.get,
        "distribution": {"pypdf": "4.2.0"}.get,
        "variables": {"KEY": "secret", "EMPTY": ""},
    }
    return Machine(**{**base, **more})


def states(report) -> dict[str, str]:
    return {f"{row['kind']} {row['name']}": state for state, rows in report.items() for row in rows}


def test_one_report_for_everything() -> None:
    needs = [
        ("bin", "jq", ""),
        ("bin", "pdftotext", ""),
        ("bin", "gh", ""),
        ("pip", "pypdf", ">=4"),
        ("pip", "pandas", ""),
        ("pip", "pypdf[crypto]", ""),
        ("env", "KEY", ""),
        ("env", "EMPTY", ""),
        ("env", "ABSENT", ""),
        ("npm", "@scope/tool", "1.2"),
        ("apt", "poppler-utils", ""),
        ("host", "api.example.org", ""),
        ("skill", "other", ""),
        ("file", "scripts/a.py", ""),
        ("file", "scripts/", ""),
        ("file", "gone.md", ""),
    ]
    report = preflight(artifact(*needs, bundle=("scripts/a.py",)), machine())
    assert states(report) == {
        "bin jq": "present",
        "bin pdftotext": "missing",
        "bin gh": "missing",
        "pip pypdf": "present",
        "pip pandas": "missing",
        "pip pypdf[crypto]": "present",
        "env KEY": "present",
        "env EMPTY": "missing",
        "env ABSENT": "missing",
        "npm @scope/tool": "missing",
        "apt poppler-utils": "unknown",
        "host api.example.org": "unknown",
        "skill other": "unknown",
        "file scripts/a.py": "present",
        "file scripts/": "present",
        "file gone.md": "missing",
    }
    rows = {f"{r['kind']} {r['name']}": r for rows in report.values() for r in rows}
    assert rows["bin pdftotext"]["hint"] == "apt-get install poppler-utils"
    assert rows["bin gh"]["hint"].startswith("https://")
    assert rows["pip pandas"]["hint"] == "pip install 'pandas'"
    assert rows["npm @scope/tool"]["hint"].endswith("npm install @scope/tool@1.2")
    assert all(row["steps"] == ["S1.s1"] and row["why"] for row in rows.values())
    assert "secret" not in str(report)


def test_a_version_that_is_too_old_is_missing() -> None:
    report = preflight(artifact(("pip", "pypdf", ">=5")), machine())
    assert (
        report["missing"][0]["detail"] == "version 4.2.0 is installed"
        and report["missing"][0]["hint"] == "pip install 'pypdf>=5'"
    )


@pytest.mark.parametrize(
    ("have", "wanted", "ok"),
    [
        ("4.2.0", ">=4", True),
        ("4.2.0", ">=4,<4.2", False),
        ("4.2", "==4.2.0", True),
        ("4.2.1", "4.2", False),
        ("4.2.1", "~=4.2", True),
        ("5.0", "~=4.2", False),
        ("4.2.0", "!=4.2", False),
        ("4.10", ">4.9", True),
    ],
)
def test_versions(have: str, wanted: str, ok: bool) -> None:
    assert satisfies(have, wanted) is ok


def test_files_left_out_of_the_plan_are_looked_for_in_the_skill_folder(tmp_path: Path) -> None:
    (tmp_path / "big.bin").write_bytes(b"x")
    plan = artifact(("file", "big.bin", ""), ("file", "../secret", ""), omitted=("big.bin",))
    assert states(preflight(plan, machine())) == {"file big.bin": "missing", "file ../secret": "missing"}
    assert states(preflight(plan, machine(), tmp_path)) == {"file big.bin": "present", "file ../secret": "missing"}


def test_other_skills_and_node_packages_where_they_are_known(tmp_path: Path) -> None:
    (tmp_path / "left-pad").mkdir()
    (tmp_path / "left-pad" / "package.json").write_text("{}")
    known = machine(skills=frozenset({"other"}), node_folders=(tmp_path,))
    report = preflight(artifact(("skill", "other", ""), ("skill", "none", ""), ("npm", "left-pad", "")), known)
    assert states(report) == {"skill other": "present", "npm left-pad": "present", "skill none": "missing"}


def test_the_real_machine_has_this_python() -> None:
    report = preflight(artifact(("bin", "python3", ""), ("pip", "pydantic", ">=2")))
    assert states(report) == {"bin python3": "present", "pip pydantic": "present"}
