"""Which names are executables and variables the skill needs, and which only look like them."""

import pytest

from skvm.ir import NeedKind
from skvm.parse import parse_skill
from skvm.source import skill_from_bytes

FRONT = "---\nname: a-skill\ndescription: Does a thing. Use when asked.\n---\n\n# A skill\n\n"


def names(body: str, kind: NeedKind = NeedKind.BIN, front: str = FRONT) -> set[str]:
    """Names of one kind that a text needs."""
    program = parse_skill(skill_from_bytes((front + body).encode())).program
    return {need.name for need in program.needs if need.kind is kind}


@pytest.mark.parametrize(
    ("body", "wanted", "never"),
    [
        ("- Play: `spogo play|pause|next`\n", set(), {"pause", "next"}),
        ("Format: `monday at [time]`\n\n- `monday at 3pm`\n- `monday at 4pm`\n", set(), {"monday"}),
        ('```json\n{"command": "settings", "description": "Bot settings"}\n```\n', set(), {"settings"}),
        ('```json\n{"mcpServers": {"x": {"command": "uvx", "args": ["x"]}}}\n```\n', {"uvx"}, set()),
        ("# ripgrep (rg)\n\nUse ripgrep (rg) to search.\n", {"rg"}, {"ripgrep"}),
        ('```bash\nsource ./verify.sh\nverify_code "$A"\n```\n', set(), {"verify_code"}),
        ('```bash\nsign_it() { echo 1; }\n```\n\n```bash\nX=$(sign_it "a")\n```\n', set(), {"sign_it"}),
        ('```bash\nmemory_find query="x" limit=5\n```\n', set(), {"memory_find"}),
        ('```bash\nbash background:true command:"node x.js 5m"\n```\n', {"node"}, {"bash"}),
        ("Install the backends (`claude`, `foundry`).\n", set(), {"claude"}),
        ("## Setup\n\n```bash\nbrew install ffmpeg-full\n```\n", {"ffmpeg-full", "ffmpeg"}, set()),
        ("## Setup\n\nOn Arch: `pacman -S ii`.\n", {"ii"}, set()),
        ("**System binaries (in PATH):**\n\n```\nbash, jq, bc\n```\n", {"bash", "jq", "bc"}, set()),
        ("```js\nconst { a } = require('~/lib/x');\n```\n", {"node"}, set()),
        ('```\nspawn(\n  task: "Run:\n\ngemini --yolo \\"x\\"\n")\n```\n', {"gemini"}, set()),
        ("| Found | Allowed commands |\n|---|---|\n| `go.mod` | `go version`, `go list` |\n", set(), {"go"}),
        ("| Task | Command |\n|---|---|\n| Version | `go version` |\n", {"go"}, set()),
        ("Needs the chalk npm package.\n", set(), {"npm"}),
        ("List with `ls` and `cat`.\n\n```bash\nls -l\n```\n", set(), {"ls", "cat"}),
    ],
)
def test_executables(body: str, wanted: set[str], never: set[str]) -> None:
    found = names(body)
    assert wanted <= found
    assert not never & found


def test_a_declared_system_command_counts() -> None:
    front = "---\nname: a-skill\ndescription: Does a thing.\nrequires:\n  bins: [grep, tar]\n---\n\n# A skill\n\n"
    assert {"grep", "tar"} <= names("Text.\n", front=front)


def test_a_variable_set_above_is_no_setting() -> None:
    body = '```bash\nCHAIN_ID="1"\ncurl https://api.test/\n```\n\n```bash\ncurl "https://api.test/$CHAIN_ID?key=$SERVICE_API_KEY"\n```\n'
    assert names(body, NeedKind.ENV) == {"SERVICE_API_KEY"}


@pytest.mark.parametrize(
    ("body", "wanted"),
    [
        ('```bash\nPLACE_DIR="a"\nls\n```\n\n```bash\nif [[ -d "$PLACE_DIR" ]]; then\n  :\nfi\n```\n', set()),
        ('```toml\n[vars]\nTOOL_HOME = "x"\n[hook]\nrun = "$TOOL_HOME/bin"\n```\n', set()),
        ("Rows fail when `WHEN BASE$ROW_KEY` is missing.\n", set()),
        ("Files lie below `$XDG_CONFIG_HOME` or `$SOME_ROOM`.\n", set()),
        ("Set `$SOME_ROOM` to the folder.\n", {"SOME_ROOM"}),
    ],
)
def test_variables(body: str, wanted: set[str]) -> None:
    assert names(body, NeedKind.ENV) == wanted


@pytest.mark.parametrize(
    ("body", "wanted"),
    [
        ("```python\nfrom toolbox.main import run\n```\n\n```\napp\n└── toolbox/\n```\n", set()),
        ("Write `helpers.py`.\n\n```python\nimport helpers\nimport pandas\n```\n", {"pandas"}),
        ("See `pandas.py`.\n\n```python\nimport pandas\n```\n", {"pandas"}),
        ("| Field | Means |\n|---|---|\n| kind | **Required.** One of (`openai`, `anthropic`, `own_one`) |\n", set()),
    ],
)
def test_packages(body: str, wanted: set[str]) -> None:
    assert names(body, NeedKind.PIP) == wanted


@pytest.mark.parametrize(
    ("body", "wanted"),
    [
        ('```python\nu = "https://..."\n```\n', set()),
        ("## Setup\n\n1. Go to [Site](https://site.dev) and sign up.\n2. Install `jq`.\n", {"site.dev"}),
        ("## Setup\n\n1. Log in to the server `mcp.site.dev`.\n2. Install `jq`.\n", {"mcp.site.dev"}),
        ("## Setup\n\n1. Start `reg.io/team/image:1.2`.\n2. Install `jq`.\n", {"reg.io"}),
        ("See the [documentation](https://docs.site.dev).\n", set()),
        ("## Setup\n\n1. Fetch https://api.site.dev/x. More at https://docs.site.dev.\n2. Install `jq`.\n", {"api.site.dev"}),
        ("## Setup\n\n1. If it is not there, fetch `https://api.site.dev/x`.\n2. Install `jq`.\n", {"api.site.dev"}),
        ("## Setup\n\n1. Do not upload it to `https://bad.site.dev`.\n2. Never fetch https://bad.site.dev/x.\n", set()),
        ("## Setup\n\n1. Never log in at [it](https://bad.site.dev).\n2. Install `jq`.\n", set()),
        ("## Setup\n\n1. Never run `curl https://bad.site.dev/x`.\n2. Run `curl https://api.site.dev`.\n", {"api.site.dev"}),
        ("Others cannot see it.\n\n```bash\ncurl https://api.site.dev\n```\n", {"api.site.dev"}),
        ("## Setup\n\n| For | At |\n|---|---|\n| Accounts | Set up accounts: https://docs.site.dev |\n", set()),
        ("Never do this:\n\n```bash\ncurl -d @x https://bad.site.dev\n```\n", set()),
        ("```bash\ncurl https://example.com/x\n```\n", set()),
    ],
)
def test_hosts(body: str, wanted: set[str]) -> None:
    assert names(body, NeedKind.HOST) == wanted


@pytest.mark.parametrize(
    ("body", "wanted"),
    [
        ("Run `/set-up-things` first.\n", {"set-up-things"}),
        ("Hand off to `/team:deploy-it`.\n", {"team:deploy-it"}),
        ("| Task | Skill |\n|---|---|\n| Copy | `write-copy` |\n", {"write-copy"}),
        ("Load a layer-specific skill.\n", set()),
        ("- `commands/team/deploy.md` becomes `/team:deploy`\n", set()),
        ("It lacks a billing-operator skill.\n", set()),
        ("## Related Skills\n\n- **other-one**: Use when planning. NOT for this.\n", set()),
    ],
)
def test_skills(body: str, wanted: set[str]) -> None:
    assert names(body, NeedKind.SKILL) == wanted
