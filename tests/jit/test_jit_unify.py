"""Laws of anti-unification, on any JSON and on templates with known holes."""

from __future__ import annotations

from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from skvm.jit.generalise.unify import Unifier, align, same, spelled, tokens, unify
from skvm.plan import Text, Var, decode, encode, fill, match_text, variables

WORDS = st.text(alphabet="abcxyzABC019 .,;:/_-\"'`{}\n\té漢$#", max_size=24)
SCALARS = st.none() | st.booleans() | st.integers(-5, 5) | st.floats(allow_nan=False, allow_infinity=False) | WORDS
JSON = st.recursive(
    SCALARS, lambda inner: st.lists(inner, max_size=3) | st.dictionaries(WORDS, inner, max_size=3), max_leaves=8
)
FAST = settings(max_examples=200, deadline=None)


@FAST
@given(WORDS)
def test_tokens_join_to_the_text(text: str) -> None:
    assert "".join(tokens(text)) == text


@FAST
@given(st.lists(JSON, min_size=1, max_size=4))
def test_the_template_instantiates_back_to_every_value(values: list[Any]) -> None:
    found = unify(values)
    for index, value in enumerate(values):
        assert same(fill(found.template, found.row(index)), value)


@FAST
@given(JSON, st.integers(1, 4))
def test_equal_values_have_no_holes(value: Any, times: int) -> None:
    found = unify([value] * times)
    assert found.table == {}
    assert same(found.template, value)


@FAST
@given(st.lists(JSON, min_size=2, max_size=3))
def test_unifying_what_was_unified_adds_nothing(values: list[Any]) -> None:
    once, twice = unify(values), unify([*values, *values])
    assert spelled(encode_or_skip(once.template)) == spelled(encode_or_skip(twice.template))


def encode_or_skip(template: Any) -> Any:
    try:
        return encode(template)
    except ValueError:
        return None


@FAST
@given(st.lists(JSON, min_size=2, max_size=3))
def test_holes_are_shared_and_never_constant(values: list[Any]) -> None:
    found = unify(values)
    columns = [spelled(list(c)) for c in found.table.values()]
    assert len(set(columns)) == len(columns), "two places that differ in the same way share one hole"
    assert all(len({spelled(v) for v in column}) > 1 for column in found.table.values())
    assert set(variables(found.template)) == set(found.table)


@FAST
@given(st.lists(JSON, min_size=2, max_size=3))
def test_names_of_holes_carry_no_meaning(values: list[Any]) -> None:
    one, two = unify(values, "h"), unify(values, "zz")
    renamed = dict(zip(two.table, one.table, strict=True))
    assert [renamed[n] for n in variables(two.template)] == list(variables(one.template))
    assert list(one.table.values()) == list(two.table.values())


@FAST
@given(st.data())
def test_a_known_tree_is_found_again(data: st.DataObject) -> None:
    """Least general: a template whose holes were filled with different scalars comes back with exactly those holes."""
    marks = [f"<{i}>" for i in range(3)]
    tree = data.draw(st.recursive(st.sampled_from([*marks, 1, "const", None]), lambda s: st.lists(s, max_size=3), max_leaves=6))
    rows = [{m: 1000 * row + i for i, m in enumerate(marks)} for row in range(3)]
    found = unify([_put(tree, row) for row in rows])
    assert sorted(found.table.values()) == sorted(tuple(r[m] for r in rows) for m in marks if m in spelled(tree))


def _put(tree: Any, row: dict[str, int]) -> Any:
    if isinstance(tree, list):
        return [_put(t, row) for t in tree]
    return row.get(tree, tree) if isinstance(tree, str) else tree


@pytest.mark.parametrize(
    ("texts", "template"),
    [
        (["Sum sales.csv by region.", "Sum costs.csv by owner."], "Sum {{h1}} by {{h2}}."),
        (["a b", "a b"], "a b"),
        (["# North\n\nRows: 3\n", "# South\n\nRows: 12\n"], "# {{h1}}\n\nRows: {{h2}}\n"),
        (["copy a.txt to a.txt", "copy b.txt to b.txt"], "copy {{h1}} to {{h1}}"),
        (['title "Q3 Report"', 'title "Year end"'], 'title "{{h1}}"'),
        (["one", "two"], "{{h1}}"),
        (["{{h1}} is x", "{{h1}} is y"], "{{{{}}h1}} is {{h1}}"),
        (["on 2024-01-05 at 10:30", "on 2024-02-11 at 09:00"], "on {{h1}} at {{h2}}"),
    ],
)
def test_texts(texts: list[str], template: str) -> None:
    assert encode(unify(texts).template) == template


def test_types_are_kept_apart() -> None:
    assert unify([1, True]).table == {"h1": (1, True)}
    assert unify([1, 1.0]).table == {"h1": (1, 1.0)}
    assert unify([{"a": 1}, {"b": 1}]).template == Var("h1")
    assert unify([[1], [1, 2]]).template == Var("h1")


def test_a_node_that_is_explained_as_a_whole_is_not_opened() -> None:
    whole = Unifier(stop=lambda column: column == ("a b", "a c"))
    assert whole.unify([{"x": "a b", "y": "q b"}, {"x": "a c", "y": "q c"}]) == {"x": Var("h1"), "y": Text(("q ", Var("h2")))}


def test_alignment_is_bounded_and_never_empty() -> None:
    assert align([["a"] * 5000, ["b"]]) is None
    assert align([["a"], []]) is None
    assert align([["a", "b"], ["a"]]) is None, "one side would hold nothing"


@FAST
@given(st.lists(WORDS, min_size=2, max_size=3))
def test_matching_gives_back_what_was_filled_in_or_nothing(values: list[str]) -> None:
    found = unify(values)
    for index, value in enumerate(values):
        seen = match_text(found.template, value) if isinstance(found.template, (Text, str)) else None
        assert seen is None or seen == found.row(index)


@FAST
@given(JSON)
def test_stored_templates_read_back(value: Any) -> None:
    assert same(fill(decode(encode(value)), {}), value)


@FAST
@given(st.lists(WORDS, max_size=4), WORDS)
def test_stored_texts_with_holes_read_back(literals: list[str], held: str) -> None:
    parts: list[Any] = []
    for literal in literals:
        parts += [literal, Var("h1")] if literal else [Var("h1")]
    text = Text(tuple(parts))
    assert fill(decode(encode(text)), {"h1": held}) == "".join(held if isinstance(p, Var) else p for p in parts)


def readings(parts: tuple[Any, ...], text: str) -> list[dict[str, str]]:
    """All ways in which a text is an instance, by trying every cut."""
    if not parts:
        return [{}] if not text else []
    first, rest = parts[0], parts[1:]
    if isinstance(first, str):
        return readings(rest, text[len(first) :]) if text.startswith(first) else []
    found = []
    for end in range(1, len(text) + 1):
        for below in readings(rest, text[end:]):
            if below.get(first.name, text[:end]) == text[:end]:
                found.append({**below, first.name: text[:end]})
    return found


@FAST
@given(st.lists(st.sampled_from(["a", "b", "ab", "", Var("x"), Var("y")]), max_size=4).map(tuple), st.text("ab", max_size=6))
def test_a_reading_is_the_only_one_there_is(parts: tuple[Any, ...], text: str) -> None:
    seen, ways = match_text(Text(parts), text), readings(parts, text)
    assert seen is None or ways == [seen]
    holes = sum(isinstance(part, Var) for part in parts)
    assert holes > 1 or seen == (ways[0] if len(ways) == 1 else None)
