"""follow.constraint: a text under one rule; under three to five at once; texts and answers under rules against habit.

What is written is free as long as it is about what it should be about; the rules can be counted, and each one is broken by
mutants that keep all others.
"""

from __future__ import annotations

from collections.abc import Sequence

from skvm.capability import Level
from skvm.profile.kit.bodies import body, lines_of
from skvm.profile.kit.contrary import HABITS, QUIZ, answered, answers, quiz, unhabitual
from skvm.profile.kit.instance import PASS, Probe, Rng, Task, Trial, Verdict, fail, pure
from skvm.profile.kit.plays import REFUSAL, says
from skvm.profile.kit.pools import coined
from skvm.profile.kit.prose import count_word, words
from skvm.profile.kit.ruled import Rule, composed, drafts, plain, rules, unlike_text

KINDS = (
    "village",
    "garden",
    "festival",
    "inn",
    "library",
    "ship",
    "market",
    "school",
    "workshop",
    "theatre",
    "mountain",
    "lake",
)


def _build(level: Level, rng: Rng) -> Task:
    if level is Level.L3:
        return rng.choice((_habits, _turned))(rng)
    return _ruled(rng, 1 if level is Level.L1 else rng.randint(3, 5))


def _ruled(rng: Rng, count: int) -> Task:
    name, kind = coined(rng).capitalize(), rng.choice(KINDS)
    chosen = rules(rng, name, count)
    kept, slips = drafts(name, chosen)
    text = composed(rng, kept)
    told = "\n".join(f"{n}. {rule.told}" for n, rule in enumerate(chosen, 1)) if count > 1 else chosen[0].told
    wrong = {slip: composed(rng, draft) for slip, draft in slips.items()}
    return Task(
        prompt=f"Write a short text (three sentences or more) about {name}, an invented {kind}, in which its name stands. "
        "Plain prose: no title, no list, no direct speech, no abbreviations. "
        f"{'This rule holds' if count == 1 else 'All of these rules hold'}:\n{told}\n\nAnswer with the text only.",
        grade=pure(lambda trial: _judge_ruled(trial, name, chosen)),
        reference=says(text),
        variants={
            "another text": says(composed(rng, kept)),
            "bold name": says(text.replace(name, f"**{name}**")),
            "wrapped": says(text.replace(". ", ".\n")),
            "fenced": says(f"```\n{text}\n```"),
        },
        mutants={
            **{slip: says(found) for slip, found in wrong.items()},
            "the rules": says(told),
            "about nothing": says(text.replace(name.upper(), "Nowhere").replace(name, "Nowhere")),
            "a promise": says(f"{name} is the {kind} of the text, and I will keep to all of the rules."),
            "refusal": says(REFUSAL),
        },
    )


def _judge_ruled(trial: Trial, name: str, chosen: Sequence[Rule]) -> Verdict:
    text = plain(body(trial.text))
    for reason in (unlike_text(text, name), *(rule.broken(text) for rule in chosen)):
        if reason:
            return fail(reason)
    return PASS


def _habits(rng: Rng) -> Task:
    name, kind = coined(rng).capitalize(), rng.choice(KINDS)
    chosen = rng.sample(list(HABITS), rng.randint(3, 4))
    count = rng.randint(5, 7)
    text = unhabitual(rng, name, chosen, count)
    told = "\n".join(f"{n}. {HABITS[habit].told}" for n, habit in enumerate(chosen, 1))
    usual = [
        f"The {kind} is called {name}.",
        "It was small and old, and people liked it.",
        "That is all there is to say of it.",
    ]
    return Task(
        prompt=f"Write a text of exactly {count} whole sentences about {name}, an invented {kind}, in which its name stands. "
        f"Each sentence has five words or more and stands on a line of its own. All of these rules hold for the whole "
        f"text:\n{told}\n\nAnswer with the text only.",
        grade=pure(lambda trial: _judge_habits(trial, name, chosen, count)),
        reference=says(text),
        variants={
            "another text": says(unhabitual(rng, name, chosen, count)),
            "spaced": says(text.replace("\n", "\n\n")),
            "fenced": says(f"```\n{text}\n```"),
        },
        mutants={
            **{f"relapse: {habit}": says(unhabitual(rng, name, chosen, count, habit)) for habit in chosen},
            "as usual": says("\n".join(usual)),
            "a sentence too few": says("\n".join(text.split("\n")[:-1])),
            "the same again": says("\n".join([*text.split("\n")[:-1], text.split("\n")[0]])),
            "about nothing": says("\n".join([text.split("\n")[1], *text.split("\n")[1:]])),
            "the rules": says(told),
            "refusal": says(REFUSAL),
        },
    )


def _judge_habits(trial: Trial, name: str, chosen: Sequence[str], count: int) -> Verdict:
    text = plain(body(trial.text))
    lines = lines_of(text)
    if len(lines) != count or len(set(lines)) != count:
        return fail(f"{len(set(lines))} different lines instead of {count}")
    if any(len(words(line)) < 5 for line in lines) or not count_word(text, name):
        return fail("a line is no sentence, or the name is not there")
    kept_up = [habit for habit in chosen if HABITS[habit].kept_up(text)]
    return fail(f"relapse: {', '.join(kept_up)}") if kept_up else PASS


def _turned(rng: Rng) -> Task:
    told, questions = quiz(rng)
    due = answers(questions)
    asked = "\n".join(f"{n}. {question.text}" for n, question in enumerate(questions, 1))
    wrong = {f"relapse: {habit}": answers(questions, habit) for habit in QUIZ}
    wrong["off by one line"] = [(n, due[m - 1][1]) for m, (n, _) in enumerate(due)]
    wrong["one left out"] = due[1:]
    wrong["one twice"] = [*due, due[-1]]
    usual = [(n, question.habit) for n, question in enumerate(questions, 1)]
    return Task(
        prompt=f"Here are {len(questions)} questions:\n{asked}\n\nAnswer them under these rules, unusual as they are:\n{told}"
        "\n\nWrite one line for each question: its number, a colon and the answer (a number, `yes`, `no` or a hyphen), and "
        "nothing else; these are the only lines of your answer that begin with a number.",
        grade=pure(lambda trial: PASS if (found := answered(trial.text)) == due else fail(f"{found} where {due} is due")),
        reference=says(_shown(due)),
        variants={
            "dressed": says("Here are the answers.\n\n" + "\n".join(f"- **{n}:** {answer}" for n, answer in due)),
            "with points": says("\n".join(f"{n}. {answer.capitalize()}" for n, answer in due)),
            "with working": says("\n".join(f"{n}: {n} = {answer}" for n, answer in due)),
            "fenced": says(f"```\n{_shown(due)}\n```"),
        },
        mutants={name: says(_shown(lines)) for name, lines in wrong.items()}
        | {"as usual": says(_shown(usual)), "only announced": says("I answer them backwards."), "refusal": says(REFUSAL)},
    )


def _shown(lines: Sequence[tuple[int, str]]) -> str:
    return "\n".join(f"{n}: {answer}" for n, answer in lines)


PROBE = Probe("follow.constraint", 1, _build)
