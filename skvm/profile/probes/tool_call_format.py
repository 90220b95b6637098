"""tool.call.format: one call of the right function, judged on the call itself: plain text; objects and lists; nested text
with characters that need escaping."""

from __future__ import annotations

import json
from typing import Any

from skvm.capability import Level
from skvm.ports import ToolSpec
from skvm.profile.kit.instance import PASS, Probe, Rng, Task, Trial, Verdict, fail, pure
from skvm.profile.kit.plays import REFUSAL, Call, Play, does, says
from skvm.profile.kit.pools import coined, coined_words, people, token
from skvm.profile.kit.trace import calls_of

TEXT = {"type": "string"}
WHOLE = {"type": "integer"}
Schema = dict[str, Any]


def _object(properties: dict[str, Schema]) -> Schema:
    return {"type": "object", "properties": properties, "required": list(properties), "additionalProperties": False}


def _build(level: Level, rng: Rng) -> Task:
    verb, *others = (f"{word}_{coined(rng)}" for word in rng.sample(("send", "book", "file", "note", "open", "move"), 3))
    prompt, schema, args, slips = {Level.L1: _plain, Level.L2: _structured, Level.L3: _nested}[level](rng)
    functions = [ToolSpec(name=verb, description="What the task asks for.", parameters=schema)]
    functions += [ToolSpec(name=name, description="Something else.", parameters=schema) for name in others]

    def call(found: Any, name: str = verb) -> Call:
        return Call(name, found)

    raw = json.dumps(args)
    return Task(
        prompt=f"{prompt}\n\nCall the function `{verb}` exactly once, with these values, and no other function.",
        grade=pure(lambda trial: _judge(trial, verb, args)),
        functions=tuple(rng.sample(functions, len(functions))),
        reference=does([call(args)]),
        variants={
            "keys in another order": does([call(dict(reversed(args.items())))]),
            "said what it did": does([call(args)], text=f"I called {verb} with {raw}."),
        },
        mutants={
            "written instead of called": says(f"```json\n{json.dumps({'name': verb, 'arguments': args})}\n```"),
            "another function": does([call(args, others[0])]),
            "twice": does([call(args)], [call(args)]),
            "cut off": does([Call(verb, {}, raw=raw[:-1])]),
            "put right after a malformed one": does([Call(verb, {}, raw=raw[1:])], [call(args)]),
            "unknown key": does([call({**args, coined(rng): "x"})]),
            "missing key": does([call(dict(list(args.items())[1:]))]),
            "wrapped": does([call({"arguments": args})]),
            "refusal": says(REFUSAL),
            **{name: _wrong(verb, slip) for name, slip in slips.items()},
        },
    )


def _wrong(verb: str, args: dict[str, Any]) -> Play:
    return does([Call(verb, args)])


Parts = tuple[str, Schema, dict[str, Any], dict[str, dict[str, Any]]]
"""What is asked, the schema of the function, the right arguments, and wrong ones by what is wrong with them."""


def _plain(rng: Rng) -> Parts:
    keys = rng.sample(("subject", "recipient", "place", "reference", "remark", "sender"), rng.randint(3, 4))
    values = [_value(rng, key) for key in keys]
    args: dict[str, Any] = dict(zip(keys, values, strict=True))
    rows = "\n".join(f"- {key}: {value}" for key, value in rng.sample(list(args.items()), len(args)))
    swapped = dict(zip(keys, [*values[1:], values[0]], strict=True))
    slips: dict[str, dict[str, Any]] = {
        "swapped": swapped,
        "shortened": {**args, keys[0]: values[0].split()[0].rpartition("-")[0] or values[0].split()[0]},
        "a list": {**args, keys[0]: [values[0]]},
        "quotes in the value": {**args, keys[0]: f'"{values[0]}"'},
    }
    return f"Values, each up to the end of its line:\n{rows}", _object(dict.fromkeys(keys, TEXT)), args, slips


def _value(rng: Rng, key: str) -> str:
    if key == "reference":
        return token(rng)
    if key in ("recipient", "sender"):
        return " ".join(people(rng, 2))
    return " ".join(coined_words(rng, rng.randint(3, 6)))


def _structured(rng: Rng) -> Parts:
    words = coined_words(rng, 12)
    items = [{"article": words[i], "count": rng.randint(2, 90)} for i in range(rng.randint(3, 4))]
    address: dict[str, Any] = {"street": words[5].capitalize(), "number": rng.randint(2, 98), "town": words[6].capitalize()}
    tags = words[7 : 7 + rng.randint(2, 4)]
    urgent = rng.choice((True, False))
    args: dict[str, Any] = {"items": items, "address": address, "tags": tags, "urgent": urgent}
    schema = _object(
        {
            "items": {"type": "array", "items": _object({"article": TEXT, "count": WHOLE})},
            "address": _object({"street": TEXT, "number": WHOLE, "town": TEXT}),
            "tags": {"type": "array", "items": TEXT},
            "urgent": {"type": "boolean"},
        }
    )
    listed = ", ".join(f"{item['count']} x {item['article']}" for item in items)
    prompt = (
        f"An order of {len(items)} articles, in this order: {listed}. It goes to number {address['number']} of the street "
        f"{address['street']} in the town {address['town']}. Tags, in this order: {', '.join(tags)}. It is "
        f"{'urgent' if urgent else 'not urgent'}."
    )
    slips: dict[str, dict[str, Any]] = {
        "counts as text": {**args, "items": [{**item, "count": str(item["count"])} for item in items]},
        "list as text": {**args, "items": json.dumps(items)},
        "object as text": {**args, "address": json.dumps(address)},
        "tags as text": {**args, "tags": ", ".join(tags)},
        "truth as text": {**args, "urgent": str(urgent).lower()},
        "reordered": {**args, "items": items[::-1]},
        "dropped": {**args, "items": items[:-1]},
        "off by one": {**args, "address": {**address, "number": address["number"] + 1}},
    }
    return prompt, schema, args, slips


def _nested(rng: Rng) -> Parts:
    words = coined_words(rng, 14)
    script = "\n".join(
        [
            f'echo "{words[0]} says: \'{words[1]}\'" | sed "s/\\t/\\\\{words[2]}/"',
            f'  if [ "$X" != "{words[3]}" ]; then printf "%s\\n" "{{{words[4]}}}"; fi',
            f"# {words[5]} \u2192 {words[6].capitalize()}\u00e4\u00df \U0001f9ea",
        ][: rng.randint(2, 3)]
    )
    folder = f"C:\\{words[7]}\\new\\table\\{words[8]}"
    quoted = f'the "{words[9]}" of {people(rng, 1)[0]}\'s \\ {words[10]}'
    left = f'{{"{words[13]}": "\\\\{coined(rng)}\\u00e9"}}'
    args: dict[str, Any] = {
        "job": {
            "name": words[11],
            "steps": [{"run": script, "in": folder}, {"run": f'type "{folder}"', "in": "/" + words[12]}],
            "meta": {"labels": {"title": quoted, "left": [words[9], left]}},
        }
    }
    steps = {"type": "array", "items": _object({"run": TEXT, "in": TEXT})}
    labels = _object({"title": TEXT, "left": {"type": "array", "items": TEXT}})
    schema = _object({"job": _object({"name": TEXT, "steps": steps, "meta": _object({"labels": labels})})})
    first, second = args["job"]["steps"]
    prompt = (
        "Nothing in these texts is to be changed: every quotation mark, backslash and line break belongs to them, each "
        f"backslash stands for itself.\nThe job is called {words[11]}. It has two steps.\nStep 1 runs in the folder\n{folder}\n"
        f"and its text to run has {script.count(chr(10)) + 1} lines:\n{script}\nStep 2 runs in the folder\n{second['in']}\nand "
        f"its text to run is this one line:\n{second['run']}\nThe labels in meta have the title\n{quoted}\nand `left` holds "
        f"two texts. The first is\n{words[9]}\nand the second is\n{left}"
    )

    def changed(old: str, new: str) -> dict[str, Any]:
        return {"job": {**args["job"], "steps": [{**first, "run": first["run"].replace(old, new)}, second]}}

    slips = {
        "escaped twice": json.loads(json.dumps(args).replace("\\\\", "\\\\\\\\")),
        "backslashes lost": changed("\\", ""),
        "quotes lost": changed('"', ""),
        "quotes made typographic": changed('"', "\u201d"),
        "line break as two characters": changed("\n", "\\n"),
        "lines joined": changed("\n", " "),
        "tab made": changed("\\t", "\t"),
        "as text": {"job": json.dumps(args["job"])},
        "flattened": {"job": {**args["job"], "meta": args["job"]["meta"]["labels"]}},
        "steps reordered": {"job": {**args["job"], "steps": [second, first]}},
    }
    return prompt, schema, args, slips


def _judge(trial: Trial, verb: str, args: dict[str, Any]) -> Verdict:
    calls = calls_of(trial)
    if len(calls) != 1 or calls[0].tool != verb:
        return fail(f"the calls are {[call.tool for call in calls]}")
    if calls[0].args is None:
        return fail("the arguments are not one JSON object")
    return PASS if _plain_of(calls[0].args) == _plain_of(args) else fail("the arguments are not the ones asked for")


def _plain_of(value: Any) -> Any:
    """A value with what must not decide taken away: blanks around a text, kinds of line ends; truth is no number."""
    if isinstance(value, dict):
        return {key: _plain_of(inner) for key, inner in value.items()}
    if isinstance(value, list):
        return [_plain_of(inner) for inner in value]
    if isinstance(value, str):
        return value.replace("\r\n", "\n").strip()
    return ("truth", value) if isinstance(value, bool) else value


PROBE = Probe("tool.call.format", 1, _build, needs=("functions",))
