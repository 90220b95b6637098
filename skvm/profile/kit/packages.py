"""Tasks for scripts that need packages: networks (PyYAML, networkx) and records under rules (PyYAML, pydantic)."""

from __future__ import annotations

from keyword import iskeyword
from typing import Any

from skvm.profile.kit.instance import Rng
from skvm.profile.kit.networks import QUESTIONS, Links, network, network_as_yaml
from skvm.profile.kit.pools import coined_words
from skvm.profile.kit.vetted import findings, records, records_as_yaml, rules

Network = tuple[Links, str, str]
"""Links, and the two places that are named."""

Packaged = tuple[str, str, list[tuple[str, Any]], str, dict[str, str]]
"""Package, what is told, inputs (the first is shown) with what is to come of them, a script, and wrong scripts."""


def networked(rng: Rng, source: str, target: str) -> Packaged:
    """Questions about a network."""
    templates, ends, length, name = coined_words(rng, 4)
    keys = coined_words(rng, 3)
    long = rng.choice(("way", "tree", "flow"))  # one at least turns on lengths
    picked = [long, *rng.sample([name for name in QUESTIONS if name != long], 2)]
    asked = {key: QUESTIONS[name] for key, name in zip(keys, rng.sample(picked, 3), strict=True)}
    told = (
        f"{source} describes a network. Each entry of `links` is a link, of which `{ends}` names the two places and "
        f"`{length}` is the length; links have no direction. Links take values over from `{templates}` by YAML's merge "
        f"key, and their own values go before those. {target} is a mapping with these members:\n"
        + "\n".join(f"- `{key}`: {question.told}" for key, question in asked.items())
    )
    made = [network(rng)]

    def answers(net: Network) -> dict[str, Any]:
        return {key: question.work(*net) for key, question in asked.items()}

    while len(made) < 2:  # what is right about the one that is shown must not be right about the other by chance
        other = network(rng)
        made += [other] if answers(other) != answers(made[0]) else []
    inputs = [(network_as_yaml(rng, *net, (templates, ends, length, name)), answers(net)) for net in made]

    def script(changed: str = "") -> str:
        parts = [f'"{key}": {q.near if key == changed else q.python}' for key, q in asked.items()]
        return _NETWORKED.format(source, ends, length, ", ".join(parts), target)

    near = [key for key, q in asked.items() if any(q.work(*net) != q.wrong(*net) for net in made[1:])]
    slips = {"another question answered": script(near[0])} if near else {}
    slips["merged values forgotten"] = script().replace(f'link["{length}"]', f'link.get("kind") and {rng.randint(31, 99)}')
    return "networkx", told, inputs, script(), slips


def vetted(rng: Rng, source: str, target: str) -> Packaged:
    """Records of which those that break rules are to be found."""
    anchor, *fields = [word for word in coined_words(rng, 7) if not iskeyword(word)][: rng.randint(5, 6)]
    asked = rules(rng, fields)
    told = (
        f"{source} holds a list `records` of mappings. Each has these fields, all of which are required, and no others:\n"
        + "\n".join(f"- `{field}`: {rule.told}" for field, rule in asked.items())
        + f"\n\n{target} is a mapping with two members: `valid` is the list of the records that keep to this, in their order, "
        "with numbers as numbers; `broken` is the list of the others, in their order, each as a mapping of `record` (its place "
        "in the list of all records, counted from 0) and `fields` (the alphabetical list of the names of its fields that are "
        "wrong, missing or too many). The fields of records are to be checked with a pydantic model."
    )
    inputs, plain = [], True
    for count in (6, 11):
        given = records(rng, asked, count)
        inputs.append((records_as_yaml(rng, given, anchor), findings(asked, given)))
        plain = len(inputs) == 1 or (plain and all(record in given for record in inputs[-1][1]["valid"]))
    rows = "".join(f"    {field}: {rule.python}\n" for field, rule in asked.items())
    right = _VETTED.format(rows, source, target)
    slips = {
        "fields too many overlooked": right.replace("forbid", "ignore"),
        "places from one": right.replace('"record": at', '"record": at + 1'),
        "dropped record": right.replace("enumerate(records)", "enumerate(records[:-1])"),
        "wrong key": right.replace('"fields"', '"field"'),
    }
    if not plain:
        slips["values as they were"] = right.replace("model.model_dump()", "record")
    return "pydantic", told, inputs, right, {name: slips[name] for name in rng.sample(sorted(slips), 3)}


_NETWORKED = """\
import networkx
import yaml

with open("{0}") as file:
    data = yaml.safe_load(file)
g = networkx.Graph()
for link in data["links"]:
    a, b = link["{1}"]
    g.add_edge(a, b, length=link["{2}"])
first, last = data["first"], data["last"]
with open("{4}", "w") as file:
    yaml.safe_dump({{{3}}}, file)
"""

_VETTED = """\
from typing import Annotated, Literal

import yaml
from pydantic import BaseModel, ConfigDict, Field, ValidationError


class Record(BaseModel):
    model_config = ConfigDict(extra="forbid")
{0}

with open("{1}") as file:
    records = yaml.safe_load(file)["records"]
valid, broken = [], []
for at, record in enumerate(records):
    try:
        model = Record.model_validate(record)
        valid.append(model.model_dump())
    except ValidationError as error:
        wrong = sorted(set(str(item["loc"][0]) for item in error.errors()))
        broken.append({{"record": at, "fields": wrong}})
with open("{2}", "w") as file:
    yaml.safe_dump({{"valid": valid, "broken": broken}}, file)
"""

PACKAGED = (networked, vetted)
