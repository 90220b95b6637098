"""Analysers of code: shell, Python, scripts, packages, roles."""

from __future__ import annotations

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from skvm.ir import BlockRole, NeedKind
from skvm.parse.fences.commands import is_system, known_commands, paths_of, spec_for
from skvm.parse.fences.facts import MAX_BYTES, MAX_OPERATORS
from skvm.parse.fences.install import installs
from skvm.parse.fences.packages import distribution_of, is_stdlib, same_distribution
from skvm.parse.fences.python import analyse_python
from skvm.parse.fences.roles import role_of
from skvm.parse.fences.scripts import analyse_script
from skvm.parse.fences.shell import analyse_shell


def needs(text: str, kind: NeedKind) -> set[str]:
    return {n.name for n in analyse_shell(text).needs if n.kind is kind}


def places(text: str) -> tuple[set[str], set[str]]:
    found = [p for s in analyse_shell(text).statements for p in s.places]
    return {p.place for p in found if p.reads}, {p.place for p in found if p.writes}


@pytest.mark.parametrize(
    ("text", "reads", "writes"),
    [
        ("cat a.txt b.txt > c.txt", {"a.txt", "b.txt"}, {"c.txt"}),
        ("sort < in.txt >> out.txt", {"in.txt"}, {"out.txt"}),
        ("cp a.txt b.txt dir/", {"a.txt", "b.txt"}, {"dir/"}),
        ("mv old.txt new.txt", {"old.txt"}, {"old.txt", "new.txt"}),
        ("jq '.x' data.json | tee y.json", {"data.json"}, {"y.json"}),
        ("grep -n foo src/a.py", {"src/a.py"}, set()),
        ("curl -s https://api.example.com/x -o x.json", set(), {"x.json"}),
        ("pandoc a.md -o a.pdf", {"a.md"}, {"a.pdf"}),
        ("mkdir -p out/deep", set(), {"out/deep"}),
        ("echo done 2>/dev/null", set(), set()),
        ("ls", {"./"}, set()),
        ("cat <<EOF > note.md\nhello\nEOF", set(), {"note.md"}),
        ("for f in *.md; do wc -l x.md; done", {"x.md"}, set()),
    ],
)
def test_places(text: str, reads: set[str], writes: set[str]) -> None:
    assert places(text) == (reads, writes)


def test_statements_hold_pipelines_and_lists() -> None:
    facts = analyse_shell("a=1\ncat x | sort | uniq > y\nmake && ./run.sh\n")
    assert [[c.name for c in s.commands] for s in facts.statements] == [["cat", "sort", "uniq"], ["make", "run.sh"]]


def test_what_a_command_may_touch() -> None:
    by_name = {
        c.name: c for c in analyse_shell('jq .a b.json\nmytool x\ncat "$F"\ncurl https://x.example.com\nwc <in.txt>').commands
    }
    assert not by_name["jq"].unknown
    assert by_name["mytool"].unknown
    assert by_name["cat"].unknown
    assert by_name["curl"].unknown


@pytest.mark.parametrize(
    ("text", "names"),
    [
        ('export RUNNER="<folder>/scripts/run.sh"', set()),
        ("echo $API_KEY ${DATA_DIR:-x} $HOME $x $1", {"API_KEY", "DATA_DIR"}),
        ("OUT_DIR=a; echo $OUT_DIR", set()),
        ('export SERVICE_TOKEN="abc"', {"SERVICE_TOKEN"}),
        ('export CACHE="${CACHE:-/tmp}"', {"CACHE"}),
        ("for FILE_NAME in a b; do echo $FILE_NAME; done", set()),
    ],
)
def test_variables(text: str, names: set[str]) -> None:
    assert needs(text, NeedKind.ENV) == names


def test_executables() -> None:
    assert needs("sudo ffmpeg -i a b; ls; f() { :; }; f; ./x.sh; which jq; FOO=1 node a.js", NeedKind.BIN) == {
        "ffmpeg",
        "jq",
        "node",
    }


def test_alternatives_are_no_executables() -> None:
    assert needs("mytool --to pdf|docx|html", NeedKind.BIN) == {"mytool"}


def test_placeholders_are_words() -> None:
    facts = analyse_shell("mytool <input file> --to {format} [options]")
    assert facts.commands[0].argv[1] == "<input file>"


def test_offsets_are_bytes_of_the_text() -> None:
    text = "echo ü; jq .a dätei.json"
    data = text.encode()
    for need in analyse_shell(text).needs:
        assert data[need.start : need.end].decode() == need.name
    for statement in analyse_shell(text).statements:
        for place in statement.places:
            assert data[place.start : place.end].decode() == place.place


@pytest.mark.parametrize("text", ["{\U000f1a23", "a{\U0010fffd\nb", "${\U0001f600}", "{é,ü}", "{\ud800"])
def test_characters_beyond_ascii_do_not_reach_the_scanner(text: str) -> None:
    """The scanner of tree-sitter-bash 0.25 reads outside its table for the first two."""
    analyse_shell(text)


def test_caps_are_counts() -> None:
    assert analyse_shell("a | " * (MAX_OPERATORS + 1) + "b").opaque
    assert analyse_shell("x" * (MAX_BYTES + 1)).opaque
    assert analyse_python("x" * (MAX_BYTES + 1)).opaque
    assert not analyse_shell("a | b").opaque


@pytest.mark.parametrize(
    ("argv", "found"),
    [
        ("pip install -r requirements.txt requests==2.1 foo[bar]>=1 ./local", [("requests", "==2.1"), ("foo", "[bar]>=1")]),
        ("python -m pip install pypdf", [("pypdf", "")]),
        ("uv pip install --system polars", [("polars", "")]),
        ("uv add httpx", [("httpx", "")]),
        ("npm install -g @scope/pkg@1.2 left-pad", [("@scope/pkg", "1.2"), ("left-pad", "")]),
        ("npx -y tool@latest run", [("tool", "")]),
        ("apt-get install -y poppler-utils", [("poppler-utils", "")]),
        ("brew install jq", [("jq", "")]),
        ("uvx ruff check", [("ruff", "")]),
        ("git commit -m install", []),
    ],
)
def test_installs(argv: str, found: list[tuple[str, str]]) -> None:
    packages, _ = installs(tuple(argv.split()))
    assert [(p.name, p.version) for p in packages] == found


def test_fetching_runs_as_well() -> None:
    assert installs(("npx", "tool"))[1] is False
    assert installs(("pip", "install", "x"))[1] is True


def test_the_command_table_is_sound() -> None:
    assert is_system("ls")
    assert not is_system("jq")
    for spec in known_commands().values():
        assert spec.effect in ("pure", "idem", "effect", "net", "exec"), spec
        assert set(spec.head + spec.rest + spec.tail) <= set("rwu."), spec


@given(st.lists(st.sampled_from(["cp", "git", "clone", "-o", "x", "-", "--a=b", "mv", "jq", ""]), min_size=1, max_size=8))
def test_paths_are_words_of_the_command(argv: list[str]) -> None:
    spec = spec_for(tuple(argv))
    for use in paths_of(spec, tuple(argv)) if spec is not None else []:
        assert 0 < use.word < len(argv)


def test_python_facts() -> None:
    text = (
        "import os, json\nfrom PIL import Image\nimport helpers\n"
        'a = open("in.txt").read()\nopen("ü.json", "w")\nPath("out/x.md").write_text("x")\n'
        'pd.read_csv("rows.csv")\nos.environ["A_KEY"]\nos.getenv("B_KEY")\nsubprocess.run(["ffmpeg", "-i"])\n'
        'requests.get("https://api.example.com/v1")\nprint(f"{open(\'hidden.txt\')}")\n'
    )
    facts = analyse_python(text, frozenset({"helpers"}))
    found = {(n.kind, n.name) for n in facts.needs}
    assert found == {
        (NeedKind.PIP, "Pillow"),
        (NeedKind.ENV, "A_KEY"),
        (NeedKind.ENV, "B_KEY"),
        (NeedKind.BIN, "ffmpeg"),
        (NeedKind.HOST, "api.example.com"),
    }
    assert {(p.place, p.reads, p.writes) for p in facts.places} == {
        ("in.txt", True, False),
        ("ü.json", False, True),
        ("out/x.md", False, True),
        ("rows.csv", True, False),
    }
    data = text.encode()
    assert all(data[p.start : p.end].decode() == p.place for p in facts.places)
    assert all(data[n.start : n.end].decode() in (n.name, n.literal) for n in facts.needs)


def test_what_a_text_sets_itself_and_stand_ins_are_not_asked_for() -> None:
    text = 'from my_app.core import run\nos.environ["MODE_DIR"] = "x"\nos.environ["READ_KEY"]\n'
    assert {n.name for n in analyse_python(text).needs} == {"READ_KEY"}


def test_python_that_does_not_parse_still_names_its_imports() -> None:
    facts = analyse_python(">>> import numpy as np\n>>> np.arange(3)\narray([0, 1, 2])\n")
    assert facts.broken
    assert {n.name for n in facts.needs} == {"numpy"}


def test_distributions() -> None:
    assert distribution_of("sklearn.cluster") == "scikit-learn"
    assert distribution_of("google.cloud.storage.client") == "google-cloud-storage"
    assert distribution_of("somelib.part") == "somelib"
    assert distribution_of("snowflake.snowpark.functions") == "snowflake-snowpark-python"
    assert is_stdlib("os.path")
    assert is_stdlib("tomllib")
    assert not is_stdlib("numpy")
    assert same_distribution("ruamel.yaml", "Ruamel_YAML")


def test_arguments_of_a_script() -> None:
    facts = analyse_script(
        "import argparse\np = argparse.ArgumentParser()\np.add_argument('source')\np.add_argument('-o', '--out')\n"
        "p.add_argument('--verbose', action='store_true')\nargs = p.parse_args()\n"
        "data = open(args.source).read()\nopen(args.out, 'w').write(data)\n"
    )
    assert facts.positionals == ["r"]
    assert facts.options == {"-o": "w", "--out": "w", "--verbose": ""}
    assert facts.explained


def test_a_name_alone_explains_nothing() -> None:
    facts = analyse_script(
        "import argparse\np = argparse.ArgumentParser()\np.add_argument('input')\nargs = p.parse_args()\nmystery(args)\n"
    )
    assert facts.positionals == ["r"]
    assert not facts.explained


def test_positional_arguments_by_index() -> None:
    facts = analyse_script(
        "import sys\nfrom pathlib import Path\na = Path(sys.argv[1])\nb = a.read_text()\nopen(sys.argv[2], 'w').write(b)\n"
    )
    assert facts.positionals == ["r", "w"]
    assert facts.explained


def test_a_script_that_reaches_out_is_not_explained() -> None:
    assert not analyse_script(
        "import sys, requests\nrequests.post('https://x.example.com', data=open(sys.argv[1]).read())\n"
    ).explained


@pytest.mark.parametrize(
    ("language", "text", "lead", "role"),
    [
        ("bash", "ls", "", BlockRole.COMMAND),
        ("", "npm run build", "Run:", BlockRole.COMMAND),
        ("python", "x = 1", "", BlockRole.PROGRAM),
        ("json", "{}", "", BlockRole.DATA),
        ("markdown", "# [Title]", "Use this template:", BlockRole.TEMPLATE),
        ("mermaid", "graph TD", "", BlockRole.GRAPH),
        ("", "IF ready THEN go\nFOR EACH row: do\nSTOP", "", BlockRole.PSEUDO),
        ("", "3 files changed", "The command prints:", BlockRole.OUTPUT),
        ("ts", "const a = 1", "Bad example:", BlockRole.EXAMPLE),
        ("", "", "", BlockRole.OPAQUE),
    ],
)
def test_roles(language: str, text: str, lead: str, role: BlockRole) -> None:
    assert role_of(language, text, lead) is role


@settings(max_examples=200, deadline=None)
@given(st.text(max_size=400))
def test_analysers_take_any_text(text: str) -> None:
    for facts in (analyse_shell(text), analyse_python(text), analyse_script(text).code):
        data = text.encode("utf-8", "surrogatepass")
        for need in facts.needs:
            assert 0 <= need.start <= need.end <= len(data)
    role_of("", text, text)


PIECES = ["cat", "a.txt", "|", ">", "<", "$X_Y", "&&", "(", ")", "{", "}", "'", '"', "if", "fi", ";", "`", "<x>", "EOF", "<<"]
SHELLISH = st.lists(st.sampled_from([*PIECES, "\n"]), max_size=40)


@settings(max_examples=200, deadline=None)
@given(SHELLISH)
def test_shell_like_rows_of_words(words: list[str]) -> None:
    text = " ".join(words)
    data = text.encode()
    for statement in analyse_shell(text).statements:
        assert 0 <= statement.start <= statement.end <= len(data)
        for place in statement.places:
            assert data[place.start : place.end].decode() == place.place or place.place == "./"
