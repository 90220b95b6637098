"""reason.planning: an order of dependent steps; a goal taken apart into rounds; a plan that holds whatever fails.

Any plan that keeps what is stated passes. A plan with branches is walked through beside ours for every course of outcomes.
"""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence

from skvm.capability import Level
from skvm.profile.kit.answers import ASKED, answer_line, chosen
from skvm.profile.kit.bodies import lines_of
from skvm.profile.kit.branching import Plan, different, parsed, rewired, shown
from skvm.profile.kit.instance import PASS, Probe, Rng, Task, Trial, Verdict, fail, pure
from skvm.profile.kit.plays import REFUSAL, says
from skvm.profile.kit.pools import coined_words

Needs = Mapping[str, tuple[str, ...]]
"""What each thing needs to be done before."""


def _build(level: Level, rng: Rng) -> Task:
    return {Level.L1: _order, Level.L2: _rounds, Level.L3: _branches}[level](rng)


def _order(rng: Rng) -> Task:
    count = rng.randint(4, 5)
    names = coined_words(rng, count)
    needs: Needs = {name: tuple(sorted(rng.sample(names[:n], min(n, rng.randint(1, 2))))) for n, name in enumerate(names)}
    told = [f"{name} can begin only when {before} is finished" for name in names for before in needs[name]]
    rng.shuffle(told)
    listed = rng.sample(names, count)
    if _keeps(listed, needs):
        listed.reverse()
    last = names[-1]
    early = [last, *names[:-1]]
    return Task(
        prompt=f"A job has the steps {', '.join(listed)}. "
        + "; ".join(told).capitalize()
        + ". One step is done at a time, each "
        f"once. Give an order that works (if there are several, any of them). {ASKED} Put the {count} names there, first step "
        "first, separated by commas.",
        grade=pure(lambda trial: _judge_order(trial, needs)),
        reference=says(f"ANSWER: {', '.join(names)}"),
        variants={
            "numbered": says("**ANSWER:** " + ", ".join(f"{n}. {name}" for n, name in enumerate(names, 1))),
            "arrows": says(f"{last} has to wait.\n\nAnswer: {' -> '.join(names)}."),
            "another order": says(f"ANSWER: {', '.join(_latest(needs))}"),
        },
        mutants={
            "as listed": says(f"ANSWER: {', '.join(listed)}"),
            "reversed": says(f"ANSWER: {', '.join(reversed(names))}"),
            "last one first": says(f"ANSWER: {', '.join(early)}"),
            "one dropped": says(f"ANSWER: {', '.join(names[:-1])}"),
            "one twice": says(f"ANSWER: {', '.join([*names, last])}"),
            "no answer line": says(", ".join(names)),
            "refusal": says(REFUSAL),
        },
    )


def _keeps(order: Sequence[str], needs: Needs) -> bool:
    return all(order.index(before) < order.index(name) for name in order for before in needs[name])


def _latest(needs: Needs) -> list[str]:
    """An order that does the last possible step last, again and again, by name."""
    left, found = dict(needs), list[str]()
    while left:
        free = max(name for name in left if not any(name in before for before in left.values()))
        found.insert(0, free)
        del left[free]
    return found


def _judge_order(trial: Trial, needs: Needs) -> Verdict:
    found = chosen(answer_line(trial.text) or "", list(needs))
    if sorted(found) != sorted(needs):
        return fail("the ANSWER line does not name every step once")
    return PASS if _keeps(found, needs) else fail(f"{', '.join(found)} does a step too early")


ROUND = re.compile(r"round\W*(\d+)\W*?[:=\-–]\s*(.+)", re.IGNORECASE)


def _rounds(rng: Rng) -> Task:
    """A thing made of parts made of parts, and parts nobody needs; as few rounds as possible."""
    every = coined_words(rng, 12)
    layers = [every[0:3], every[3:6], every[6:8], every[8:9]]
    needs = {name: _below(rng, layers, n) for n, layer in enumerate(layers) for name in layer}
    goal = layers[-1][0]
    spare = every[9:12]
    needs |= {spare[0]: (), spare[1]: (rng.choice(layers[0]), spare[0]), spare[2]: (spare[1], rng.choice(layers[1]))}
    wanted = _closure(goal, needs)
    rounds = _earliest(wanted, needs)
    told = [f"- {name}: " + (f"made from {_list(needs[name])}" if needs[name] else "made from nothing else") for name in every]
    rng.shuffle(told)
    return Task(
        prompt=f"The goal is one {goal}. How things are made:\n"
        + "\n".join(told)
        + "\n\nIn one round any number of things can be "
        "made at the same time, but a thing can only be made from things that were made in earlier rounds. Each thing is made "
        "once and can then be used as often as needed. Plan as few rounds as possible; make only what the goal needs. Answer "
        "with one line a round, `ROUND 1: ...`, `ROUND 2: ...` and so on, with the names of what is made in it separated by "
        "commas.",
        grade=pure(lambda trial: _judge_rounds(trial, goal, needs)),
        reference=says(_told(rounds)),
        variants={
            "dressed": says("The plan:\n\n" + "\n".join(f"- **Round {n}:** {_list(row)}" for n, row in enumerate(rounds, 1))),
            "as late as possible": says(_told(_as_late(wanted, needs, len(rounds)))),
        },
        mutants={
            "one by one": says(_told([[name] for row in rounds for name in row])),
            "also the spare": says(_told([[*rounds[0], spare[0]], *rounds[1:]])),
            "one dropped": says(_told([rounds[0][1:], *rounds[1:]])),
            "all at once": says(_told([[name for row in rounds for name in row]])),
            "two rounds swapped": says(_told([rounds[1], rounds[0], *rounds[2:]])),
            "refusal": says(REFUSAL),
        },
    )


def _below(rng: Rng, layers: Sequence[Sequence[str]], n: int) -> tuple[str, ...]:
    """Needs of a thing of layer n: at least one of the layer just below; the goal needs all of it."""
    if n == 0:
        return ()
    if n == len(layers) - 1:
        return (*layers[n - 1], rng.choice(layers[0]))
    return tuple(sorted({*rng.sample(list(layers[n - 1]), 2), rng.choice([name for layer in layers[:n] for name in layer])}))


def _closure(goal: str, needs: Needs) -> list[str]:
    found, open_ = list[str](), [goal]
    while open_:
        name = open_.pop()
        if name not in found:
            found.append(name)
            open_ += needs[name]
    return sorted(found)


def _earliest(wanted: Sequence[str], needs: Needs) -> list[list[str]]:
    rounds: list[list[str]] = []
    made: set[str] = set()
    while row := [name for name in wanted if name not in made and set(needs[name]) <= made]:
        rounds.append(row)
        made |= set(row)
    return rounds


def _as_late(wanted: Sequence[str], needs: Needs, count: int) -> list[list[str]]:
    users = {name: tuple(other for other in wanted if name in needs[other]) for name in wanted}
    return list(reversed(_earliest(wanted, users)))[-count:]


def _list(names: Sequence[str]) -> str:
    return " and ".join(names) if len(names) < 3 else f"{', '.join(names[:-1])} and {names[-1]}"


def _told(rounds: Sequence[Sequence[str]]) -> str:
    return "\n".join(f"ROUND {n}: {', '.join(row)}" for n, row in enumerate(rounds, 1))


def _judge_rounds(trial: Trial, goal: str, needs: Needs) -> Verdict:
    found = [ROUND.search(line) for line in lines_of(trial.text)]
    numbered = {int(match.group(1)): chosen(match.group(2), list(needs)) for match in found if match}
    rounds = [numbered[n] for n in sorted(numbered)]
    wanted = _closure(goal, needs)
    if sorted(name for row in rounds for name in row) != wanted:
        return fail("not each thing the goal needs, once, and nothing else")
    made: set[str] = set()
    for row in rounds:
        if any(not set(needs[name]) <= made for name in row):
            return fail("something is made before its parts are there")
        made |= set(row)
    return PASS if len(rounds) == len(_earliest(wanted, needs)) else fail(f"{len(rounds)} rounds are more than needed")


VERBS = (
    "start",
    "press",
    "rinse",
    "clear",
    "close",
    "fill",
    "vent",
    "pack",
    "turn",
    "load",
    "seal",
    "lift",
    "wipe",
    "heat",
    "tie",
)


def _work(rng: Rng) -> tuple[Plan, list[str]]:
    """Two stages, one tried again, one with a replacement, and two conditions; and the rules that say so."""
    w = coined_words(rng, 10)
    verbs = rng.sample(VERBS, 8)
    check, gauge = f"check {w[8]}", f"read {w[9]}"
    first, clean, second, clear, other, prepare, vent, last = (
        f"{verb} {word}" for verb, word in zip(verbs, w[:8], strict=True)
    )
    undo = f"report {w[8]}"
    tries, (on, off), (high, low) = rng.randint(2, 4), rng.sample(("yes", "no"), 2), rng.sample(("high", "low"), 2)
    after_first, after_other = rng.choice((("undo", "undo"), ("undo", "STOP"), ("STOP", "undo")))
    nodes: Plan = {"check": (check, {on: "try1", off: "prepare"}), "prepare": (prepare, {"ok": "try1"})}
    for n in range(1, tries + 1):
        nodes[f"try{n}"] = (first, {"ok": "gauge", "failed": f"clean{n}" if n < tries else after_first})
        if n < tries:
            nodes[f"clean{n}"] = (clean, {"ok": f"try{n + 1}"})
    nodes["gauge"] = (gauge, {high: "vent", low: "second"})
    nodes["vent"] = (vent, {"ok": "second"})
    nodes["second"] = (second, {"ok": "last", "failed": "clear"})
    nodes["clear"] = (clear, {"ok": "other"})
    nodes["other"] = (other, {"ok": "last", "failed": after_other})
    nodes["last"] = (last, {"ok": "DONE"})
    nodes["undo"] = (undo, {"ok": "STOP"})
    told = {"undo": f"do `{undo}` and then give up (STOP)", "STOP": f"give up at once (STOP), without `{undo}`"}
    rules = [
        f"If `{check}` gives {off}, do `{prepare}` once before `{first}`; if it gives {on}, `{prepare}` must not be done.",
        f"`{first}` may be tried {tries} times in all. Between a failed try and the next one do `{clean}`, and at no other "
        "time.",
        f"Once `{first}` is ok, do `{gauge}`; if it gives {high}, do `{vent}` before `{second}`, else leave `{vent}` out.",
        f"If `{second}` fails, it is not tried again: do `{clear}` and then `{other}` in its place, which is tried once.",
        f"When `{first}` has failed on its last try, {told[after_first]}.",
        f"When `{other}` has failed, {told[after_other]}.",
        f"As soon as `{second}` or `{other}` is ok, do `{last}`; then the work is DONE.",
    ]
    return nodes, rng.sample(rules, len(rules))


def _branches(rng: Rng) -> Task:
    nodes, rules = _work(rng)
    outcomes = {action: sorted(after) for action, after in nodes.values()}
    listed = "\n".join(f"- {action}: {' or '.join(outcomes[action])}" for action in sorted(outcomes))
    text = shown(nodes, "check")
    check, after = nodes["check"]
    tries = sum(place.startswith("try") for place in nodes)
    skips = (
        ("clean1", "try2"),
        ("clear", "other"),
        ("undo", "STOP"),
        ("vent", "second"),
        ("other", nodes["other"][1]["failed"]),
    )
    lucky = {place: node for place, node in nodes.items() if place not in ("clear", "other", "undo")}
    swapped: Plan = {**nodes, "check": (check, dict(zip(after, reversed(after.values()), strict=True)))}
    return Task(
        prompt="Plan this work so that the plan holds whatever happens. The actions and the outcomes each can "
        f"have:\n{listed}\n\nThe work begins with `{nodes['check'][0]}`. Rules:\n"
        + "\n".join(f"- {rule}" for rule in rules)
        + "\n\nDo nothing the rules do not ask for, and do not give up while a rule names something left to try. Write the "
        "plan as numbered lines, one action a line, with what comes next for every outcome the action can have:\n"
        "`1. some action | some outcome -> 2 | other outcome -> 3`\n"
        "What comes next is a line number, DONE or STOP. The plan begins at line 1; an action may stand on several lines.",
        grade=pure(lambda trial: _judge_plan(trial, nodes, outcomes)),
        reference=says(text),
        variants={
            "fenced": says(f"Here is the plan.\n\n```\n{text}\n```\nIt covers all outcomes."),
            "dressed": says(
                re.sub(r"^(\d+)\. ([^|]+) \|", r"**\1.** `\2` |", text, flags=re.MULTILINE).replace("->", "→ line")
            ),
            "other numbers": says(shown(nodes, "check", backwards=True)),
        },
        mutants={
            "refusal": says(REFUSAL),
            "condition swapped": says(shown(swapped, "check")),
            "only when all goes well": says(shown(lucky, "check")),
            **{f"without {place}": says(shown(rewired(nodes, place, by), "check")) for place, by in skips},
            "one try too few": says(shown(rewired(nodes, f"try{tries}", nodes[f"try{tries}"][1]["failed"]), "check")),
        },
    )


def _judge_plan(trial: Trial, nodes: Plan, outcomes: Mapping[str, Sequence[str]]) -> Verdict:
    plan = parsed(trial.text, outcomes)
    if plan is None:
        return fail("no numbered lines of the form that was asked for")
    reason = different(plan, "1", nodes, "check")
    return fail(reason) if reason else PASS


PROBE = Probe("reason.planning", 1, _build)
