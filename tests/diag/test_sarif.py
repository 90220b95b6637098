"""SARIF output against the standard's own schema, and against a narrower one of the part of SARIF 2.1.0 that skvm writes.

The standard's schema comes as closed models generated from it (package pydantic-sarif). The narrower one is ours, written from
the rules of the specification (OASIS SARIF 2.1.0; sections stand beside each object): closed objects, so that a key that we do
not mean to write fails, required keys, value ranges. What a schema cannot say (places, indexes that agree) is checked by
`semantic`.
"""

import json
import os
import re
import subprocess
import sys

import jsonschema
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from pydantic import ValidationError
from pydantic_sarif.model import StaticAnalysisResultsFormatSarifVersion210JsonSchema as Standard

from skvm.app.check import diagnose
from skvm.diag import CODES, Applicability, Diagnostic, Edit, Fix, Severity, locate
from skvm.diag.sarif import sarif
from skvm.source import Span, skill_from_bytes


def closed(required, **properties):
    return {"type": "object", "required": required, "properties": properties, "additionalProperties": False}


NATURAL = {"type": "integer", "minimum": 0}
ONE_ON = {"type": "integer", "minimum": 1}
MESSAGE = closed(["text"], text={"type": "string", "minLength": 1})  # 3.11: text or id must be there
LOCATION = closed(["uri"], uri={"type": "string", "pattern": r"^[^\s\\]+$"})  # 3.4: a URI reference, no raw space or backslash
REGION = closed(  # 3.30: a region names a line or an offset; lines and columns count from 1
    ["startLine"],
    startLine=ONE_ON, startColumn=ONE_ON, endLine=ONE_ON, endColumn=ONE_ON, byteOffset=NATURAL, byteLength=NATURAL,
)  # fmt: skip
DELETED = {"anyOf": [REGION, closed(["byteOffset", "byteLength"], byteOffset=NATURAL, byteLength=NATURAL)]}  # 3.57.3
REPLACEMENT = closed(["deletedRegion"], deletedRegion=DELETED, insertedContent=closed(["text"], text={"type": "string"}))
CHANGE = closed(  # 3.56: at least one replacement
    ["artifactLocation", "replacements"],
    artifactLocation=LOCATION, replacements={"type": "array", "minItems": 1, "items": REPLACEMENT},
)  # fmt: skip
FIX = closed(["artifactChanges"], description=MESSAGE, artifactChanges={"type": "array", "minItems": 1, "items": CHANGE})
LEVEL = {"enum": ["none", "note", "warning", "error"]}  # 3.27.10
RESULT = closed(  # 3.27: a message is required, an index is -1 or more
    ["message"],
    ruleId={"type": "string", "minLength": 1},
    ruleIndex={"type": "integer", "minimum": -1},
    level=LEVEL,
    message=MESSAGE,
    locations={
        "type": "array",
        "items": closed([], physicalLocation=closed(["artifactLocation"], artifactLocation=LOCATION, region=REGION)),
    },
    fixes={"type": "array", "uniqueItems": True, "items": FIX},
)
RULE = closed(  # 3.49: the id is required
    ["id"],
    id={"type": "string", "minLength": 1},
    name={"type": "string"},
    shortDescription=MESSAGE,
    defaultConfiguration=closed([], level=LEVEL),
)
DRIVER = closed(  # 3.19: the name is required, rules are unique
    ["name"],
    name={"type": "string", "minLength": 1},
    version={"type": "string", "minLength": 1},
    rules={"type": "array", "uniqueItems": True, "items": RULE},
)
RUN = closed(  # 3.14: a run names its tool; columns count UTF-16 code units unless it says otherwise
    ["tool", "columnKind"],
    tool=closed(["driver"], driver=DRIVER),
    columnKind={"const": "unicodeCodePoints"},
    results={"type": "array", "items": RESULT},
)
SCHEMA = closed(  # 3.13: version and runs are required
    ["$schema", "version", "runs"],
    version={"const": "2.1.0"},
    runs={"type": "array", "minItems": 1, "maxItems": 1, "items": RUN},
    **{"$schema": {"type": "string", "pattern": r"sarif.*2\.1\.0.*\.json$"}},
)


def semantic(log):
    """What must hold and a schema cannot say."""
    (run,) = log["runs"]
    rules = run["tool"]["driver"].get("rules", [])
    assert len({r["id"] for r in rules}) == len(rules)
    for result in run["results"]:
        assert rules[result["ruleIndex"]]["id"] == result["ruleId"]
        for location in result["locations"]:
            region = location["physicalLocation"]["region"]
            start, end = (region["startLine"], region["startColumn"]), (region["endLine"], region["endColumn"])
            assert start <= end


def check(log):
    text = json.loads(json.dumps(log))
    assert text == log
    jsonschema.Draft202012Validator(SCHEMA).validate(text)
    Standard.model_validate_json(json.dumps(log))
    semantic(text)


def test_the_schema_itself_is_one():
    jsonschema.Draft202012Validator.check_schema(SCHEMA)


def test_no_finding_is_a_valid_log():
    check(sarif([], "0.1.0"))


SKILLS = [
    b"", b"# A\n", b"---\nname: Bad Name\n---\ntext `x/y.md`\n", b"---\nname: a\n# never closed", b"\xff\xfe\x00bad",
    b"\xef\xbb\xbf---\nname: a: b\ndescription: x: y\n---\n# A\r\n1. a\r\n",
    b"---\nname: a\ndescription: d\n---\n1. See [x](../../b.md).\n2. Repeat.\n```sh\nls\n",
]  # fmt: skip


@pytest.mark.parametrize("raw", SKILLS, ids=range(len(SKILLS)))
def test_findings_of_skills_are_a_valid_log(raw):
    source = skill_from_bytes(raw)
    _, diagnostics = diagnose(source)
    check(sarif(locate(diagnostics, source, "a skill/über:1/SKILL.md"), "0.1.0"))


RAW = "line one é\r\n\ttwo 𝒳𝒳 three\rfour\n".encode()


@st.composite
def diagnostics(draw):
    start = draw(st.integers(0, len(RAW)))
    span = Span("SKILL.md", start, draw(st.integers(start, len(RAW) + 5)))
    words = st.text(min_size=1, max_size=20).filter(lambda t: t.isprintable())
    edits = tuple(Edit(span, draw(st.text(max_size=9).filter(str.isprintable))) for _ in range(draw(st.integers(0, 2))))
    fix = Fix(draw(words), draw(st.sampled_from(list(Applicability))), edits) if draw(st.booleans()) else None
    notes = tuple(draw(st.lists(words, max_size=2)))
    return Diagnostic(
        draw(st.sampled_from(sorted(CODES))), draw(st.sampled_from(list(Severity))), draw(words), span, notes, fix
    )


@settings(deadline=None, suppress_health_check=[HealthCheck.too_slow])
@given(st.lists(diagnostics(), max_size=6), st.sampled_from(["", "a/SKILL.md", "C:/x y/#?.md", "ü/%.md"]))
def test_any_diagnostics_are_a_valid_log(found, shown):
    source = skill_from_bytes(RAW)
    log = sarif(locate(found, source, shown), "0.1.0")
    check(log)
    results = log["runs"][0]["results"]
    assert len(results) == len(found)
    for diagnostic, result in zip(found, results, strict=True):
        assert result["level"] == {"error": "error", "warning": "warning", "info": "note"}[diagnostic.severity]
        region = result["locations"][0]["physicalLocation"]["region"]
        assert (region["byteOffset"], region["byteLength"]) == (diagnostic.span.start, len(diagnostic.span))


def test_columns_count_code_points():
    source = skill_from_bytes(RAW)
    at = RAW.index(b"three")
    log = sarif(locate([Diagnostic("SKV201", Severity.INFO, "x", Span("SKILL.md", at, at + 5))], source), "0.1.0")
    region = log["runs"][0]["results"][0]["locations"][0]["physicalLocation"]["region"]
    assert (region["startLine"], region["startColumn"], region["endColumn"]) == (2, 9, 14)


FORBIDDEN = [
    (("version",), "2.0.0"), (("runs",), []), (("runs", 0, "tool"), {}), (("runs", 0, "columnKind"), "utf8"),
    (("runs", 0, "results", 0, "level"), "info"), (("runs", 0, "results", 0, "message"), {}),
    (("runs", 0, "results", 0, "severity"), "error"),
    (("runs", 0, "results", 0, "locations", 0, "physicalLocation", "region", "startLine"), 0),
    (("runs", 0, "results", 0, "locations", 0, "physicalLocation", "artifactLocation", "uri"), "a b.md"),
]  # fmt: skip


def spoiled(path, value):
    source = skill_from_bytes(b"# A\n")
    log = sarif(locate([Diagnostic("SKV201", Severity.INFO, "x", Span("SKILL.md", 0, 1))], source), "0.1.0")
    at = log
    for key in path[:-1]:
        at = at[key]
    at[path[-1]] = value
    return log


@pytest.mark.parametrize(("path", "value"), FORBIDDEN)
def test_the_schema_refuses_what_the_specification_forbids(path, value):
    with pytest.raises(jsonschema.ValidationError):
        check(spoiled(path, value))


@pytest.mark.parametrize(("path", "value"), [f for f in FORBIDDEN if f[1] not in ([], "a b.md") and f[0][-1] != "message"])
def test_so_does_the_schema_of_the_standard(path, value):
    """Except what only the narrower one says: a log has a run, a message a text, a URI no space."""
    with pytest.raises(ValidationError):
        Standard.model_validate(spoiled(path, value))


def test_the_command_writes_a_valid_log(tmp_path):
    for name, raw in enumerate(SKILLS):
        (tmp_path / f"skill {name}").mkdir()
        (tmp_path / f"skill {name}" / "SKILL.md").write_bytes(raw)
    env = {k: v for k, v in os.environ.items() if not k.startswith("SKVM_")} | {"SKVM_HOME": str(tmp_path / "home")}
    done = subprocess.run(
        [sys.executable, "-m", "skvm", "check", str(tmp_path), "--format", "sarif"], capture_output=True, env=env
    )
    log = json.loads(done.stdout)
    check(log)
    uris = {r["locations"][0]["physicalLocation"]["artifactLocation"]["uri"] for r in log["runs"][0]["results"]}
    assert all(re.search(r"skill%20\d/SKILL\.md$", uri) for uri in uris)
