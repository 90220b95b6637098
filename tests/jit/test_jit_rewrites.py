"""Rewrites of texts: what each way does and refuses, that nothing else is touched, and which ways explain what was seen."""

from __future__ import annotations

import json
from typing import Any

import pytest
from hypothesis import assume, given
from hypothesis import strategies as st
from jit_kit import call

from skvm.jit.generalise.origins import World, evaluate, mentioned, rewrite_of
from skvm.jit.generalise.provenance import Sources
from skvm.jit.generalise.rewrites import places
from skvm.jit.generalise.rewrites.mends import MENDS
from skvm.jit.generalise.rewrites.ways import rewritten, style
from skvm.jit.generalise.rewriting import agreeing, rewrites
from skvm.plan import Origin, Unfilled

SETTINGS = '{\n\t"a": {"b": 3,  "c": "x"},\n\t"d": [1, 2]\n}\n'
SET = ("set", "dotted", "literal")

DONE = [
    ((*SET, "there", "kept plain"), ["a.b", "5"], SETTINGS.replace("3", "5")),
    ((*SET, "there", "kept plain"), ["a.c", "y z"], SETTINGS.replace('"x"', '"y z"')),
    ((*SET, "there", "kept ascii"), ["a.c", "é"], SETTINGS.replace('"x"', '"\\u00e9"')),
    ((*SET, "last", "kept plain"), ["a.e", "true"], SETTINGS.replace('"x"', '"x",  "e": true')),
    (
        (*SET, "made", style(None, sort=False, ascii=True, end="")),
        ["f.g", 1],
        '{"a": {"b": 3, "c": "x"}, "d": [1, 2], "f": {"g": 1}}',
    ),
    (("set", "pointer", "text", "there", "kept plain"), ["/a/b", "5"], SETTINGS.replace("3", '"5"')),
    (("removed", "dotted", "kept"), ["a.b"], SETTINGS.replace('"b": 3,  ', "")),
    (("removed", "dotted", "kept"), ["a.c"], SETTINGS.replace(',  "c": "x"', "")),
    (("removed", "key", "kept"), ["d"], '{\n\t"a": {"b": 3,  "c": "x"}\n}\n'),
    (("retyped", "dotted", "text"), ["a.b"], SETTINGS.replace("3", '"3"')),
    (("exchanged", "all"), ["a", "q"], SETTINGS.replace("a", "q")),
]


@pytest.mark.parametrize(("way", "values", "wanted"), DONE)
def test_what_a_way_does(way: tuple[str, ...], values: list[Any], wanted: str) -> None:
    assert rewritten(way, SETTINGS, values) == wanted


REFUSED = [
    ((*SET, "there", "kept plain"), SETTINGS, ["a.z", "5"]),  # there is no such key
    ((*SET, "last", "kept plain"), SETTINGS, ["z.b", "5"]),  # nor such a section
    ((*SET, "there", "kept plain"), SETTINGS, ["a", "5"]),  # a section would be lost
    ((*SET, "there", "kept plain"), SETTINGS, ["a.b", "1.50"]),  # 1.5 or 1.50?
    ((*SET, "there", "kept plain"), SETTINGS, ["a..b", "5"]),
    ((*SET, "there", "kept plain"), '{"a.b": 1, "a": {"b": 2}}', ["a.b", "5"]),  # which of the two?
    ((*SET, "there", "kept plain"), '{"a": {"b": 1, "b": 2}}', ["a.b", "5"]),
    ((*SET, "there", "kept plain"), '{"a": {"b": NaN}}', ["a.b", "5"]),
    ((*SET, "there", "kept plain"), SETTINGS + "[cut: 90000 bytes in all; go on with offset=5]", ["a.b", "5"]),
    (("removed", "dotted", "kept"), SETTINGS, ["a.z"]),
    (("exchanged", "all"), SETTINGS, ["zzz", "q"]),
    (("exchanged", "all"), "bytes that are no text \ufffd", ["text", "q"]),
    (("assigned", "key", "kept"), "a = 1\na = 2\n", ["a", "3"]),
    (("assigned", "key", "kept"), "a = 1 # why\n", ["a", "3"]),
    (("line removed",), "x\nx\n", ["x"]),
    (("line added", "end"), "no line end", ["x"]),
    (("line added", "sorted"), "b\na\n", ["x"]),
]


@pytest.mark.parametrize(("way", "text", "values"), REFUSED)
def test_what_a_way_refuses(way: tuple[str, ...], text: str, values: list[Any]) -> None:
    with pytest.raises(Unfilled):
        rewritten(way, text, values)


def test_a_value_of_a_line_in_its_section() -> None:
    text = "port = 1\n[db]\nhost = 'x'\nport = 2\n[web]\nport: 3\n"
    way = ("assigned", "dotted", "kept")
    assert rewritten(way, text, ["db.port", "9"]) == text.replace("port = 2", "port = 9")
    assert rewritten(way, text, ["db.host", "y"]) == text.replace("'x'", "'y'")
    assert rewritten(way, text, ["web.port", "9"]) == text.replace("port: 3", "port: 9")
    assert rewritten(way, text, ["port", "9"]) == text.replace("port = 1", "port = 9")


MENDED = [
    ("trailing commas", '{"a": [1, 2,],}', '{"a": [1, 2]}'),
    ("Python literals", '{"a": True, "b": [None, False]}', '{"a": true, "b": [null, false]}'),
    ("numbers that are none", '{"a": NaN, "b": -Infinity}', '{"a": null, "b": null}'),
    ("single quotes", "{'a': 'b c'}", '{"a": "b c"}'),
    ("comments", '{\n  // why\n  "a": 1 /* so */\n}', '{\n  "a": 1\n}'),
    ("byte order mark", '\ufeff{"a": 1}', '{"a": 1}'),
    ("carriage returns", '{\r\n"a": 1}\r\n', '{\n"a": 1}\n'),
    ("no last line end", '{"a": 1}', '{"a": 1}\n'),
    ("trailing blanks", '{ \n"a": 1}  \n', '{\n"a": 1}\n'),
]


@pytest.mark.parametrize(("repair", "text", "wanted"), MENDED)
def test_repairs(repair: str, text: str, wanted: str) -> None:
    assert rewritten(("mended", repair, "all"), text, ()) == wanted


@pytest.mark.parametrize("end", ["", "\n"])
def test_what_is_open_is_closed(end: str) -> None:
    assert rewritten(("mended", "unclosed", end), '{"a": [{"b": "[" \n', ()) == '{"a": [{"b": "["}]}' + end


@pytest.mark.parametrize(
    ("repair", "text"),
    [
        ("trailing commas", '{"a": ",]", "b": [1,]}'),
        ("Python literals", '{"a": "True or", "b": True}'),
        ("single quotes", "{'a': \"it's\"}"),
        ("single quotes", "{'a': 'say \"x\"'}"),
        ("trailing commas", '{"a": "not ended,]}'),
        ("unclosed", '{"a": "cut of'),
        ("unclosed", '{"a": 1,'),
        ("unclosed", '{"a": 1]'),
    ],
)
def test_a_doubtful_defect_is_left(repair: str, text: str) -> None:
    with pytest.raises(Unfilled):
        rewritten(("mended", repair, MENDS[repair][1][0]), text, ())


KEYS = st.text("abcd_-", min_size=1, max_size=3)
LEAVES = st.one_of(st.none(), st.booleans(), st.integers(-99, 99), st.text('ab ,]}"\\é\n', max_size=6), st.floats(-9, 9))
TREES = st.dictionaries(
    KEYS, st.recursive(LEAVES, lambda s: st.one_of(st.lists(s, max_size=3), st.dictionaries(KEYS, s, max_size=3)))
)
SPELLED = st.tuples(TREES, st.sampled_from((None, 0, 2, "\t")), st.booleans())


def spell(drawn: tuple[Any, Any, bool]) -> str:
    return json.dumps(drawn[0], indent=drawn[1], ensure_ascii=drawn[2])


@given(SPELLED, st.data())
def test_one_value_is_changed_and_no_other_character(drawn: tuple[Any, Any, bool], data: st.DataObject) -> None:
    text, tree = spell(drawn), drawn[0]
    scalars = [key for key, value in tree.items() if not isinstance(value, (dict, list))]
    assume(scalars)
    key, new = data.draw(st.sampled_from(scalars)), data.draw(st.integers(1000, 2000))
    changed = rewritten(("set", "key", "text", "there", "kept plain"), text, [key, new])
    assert json.loads(changed) == {**tree, key: new}
    place = places.places(text).members[key].value
    assert changed == text[: place.start] + str(new) + text[place.end :]


@given(SPELLED, st.data())
def test_what_is_removed_is_gone_and_what_is_added_is_there(drawn: tuple[Any, Any, bool], data: st.DataObject) -> None:
    text, tree = spell(drawn), drawn[0]
    assume(tree)
    key = data.draw(st.sampled_from(sorted(tree)))
    gone = rewritten(("removed", "key", "kept"), text, [key])
    assert json.loads(gone) == {k: v for k, v in tree.items() if k != key}
    more = rewritten(("set", "key", "text", "last", "kept plain"), text, ["new", 7])
    assert json.loads(more) == {**tree, "new": 7}
    assert rewritten(("removed", "key", "kept"), more, ["new"]) == text


@given(SPELLED)
def test_repairs_leave_sound_texts_alone(drawn: tuple[Any, Any, bool]) -> None:
    text = spell(drawn)
    for repair in ("trailing commas", "Python literals", "numbers that are none", "comments", "single quotes"):
        try:
            assert rewritten(("mended", repair, "all"), text, ()) == text
        except Unfilled:
            continue


@given(SPELLED)
def test_places_are_those_of_the_values(drawn: tuple[Any, Any, bool]) -> None:
    text = spell(drawn)

    def look(place: places.Place, value: Any) -> None:
        assert json.loads(text[place.start : place.end]) == value
        rows = (
            value.items()
            if isinstance(value, dict)
            else ((str(n), v) for n, v in enumerate(value))
            if isinstance(value, list)
            else ()
        )
        for key, inner in rows:
            look(place.members[key].value, inner)

    look(places.places(text), drawn[0])


@given(st.text(max_size=60))
def test_any_text_is_rewritten_or_refused(text: str) -> None:
    for way in [
        *(("mended", repair, how[0]) for repair, (_, how) in MENDS.items()),
        ("dumped", style(2, sort=True, ascii=False, end="")),
    ]:
        try:
            assert isinstance(rewritten(way, text, ()), str)
        except Unfilled:
            continue


def sources(captures: list[dict[str, Any]], *reads: list[str]) -> Sources:
    rows = [World(c, tuple(call("read_file", {"path": "x"}, texts[i]) for texts in reads)) for i, c in enumerate(captures)]
    return Sources(rows, dict.fromkeys(captures[0], "task"), frozenset(range(len(reads))))


def later(found: tuple[Origin, ...], captures: dict[str, Any], *reads: str) -> set[str] | None:
    """What the origins make of another run; None where one of them has nothing."""
    world = World(captures, tuple(call("read_file", {"path": "x"}, text) for text in reads))
    try:
        return {evaluate(origin, world) for origin in found}
    except Unfilled:
        return None


ASKED = [{"t1": "a.b", "t2": "5"}, {"t1": "c.x", "t2": "dark"}, {"t1": "c.y", "t2": "true"}]
READ = ['{\n  "a": {"b": 3}\n}\n', '{\n  "c": {"x": "light"}}\n', '{"c": {"y": false, "z": [1]}}\n']
WRITTEN = (READ[0].replace("3", "5"), READ[1].replace("light", "dark"), READ[2].replace("false", "true"))


def test_a_key_is_set_to_what_the_request_says() -> None:
    found = rewrites(sources(ASKED, READ), WRITTEN)
    assert found and {o.path for origin in found for o in mentioned(origin)} == {"0.result", "t1", "t2"}
    assert later(found, {"t1": "q.r", "t2": "8"}, '{"q": {"r": 1}, "s": 2}') == {'{"q": {"r": 8}, "s": 2}'}
    assert later(found, {"t1": "q.r", "t2": "8"}, '{"q": {}, "s": 2}') is None, "no such key was ever added"
    assert later(found, {"t1": "q.r", "t2": "8"}, '{"q": ') is None


def test_readings_that_no_run_told_apart_must_agree() -> None:
    found = rewrites(sources(ASKED[1:2] * 2, READ[1:2] * 2), WRITTEN[1:2] * 2)
    assert not found, "nothing differs, so nothing is explained"
    asked = [ASKED[1], {"t1": "a.b", "t2": "night"}]
    read = [READ[1], '{"a": {"b": "day"}}']
    found = rewrites(sources(asked, read), (WRITTEN[1], '{"a": {"b": "night"}}'))
    assert later(found, {"t1": "a.b", "t2": "noon"}, read[1]) == {'{"a": {"b": "noon"}}'}
    assert later(found, {"t1": "a.b", "t2": "5"}, read[1]) is None, "a number or a text? only words were seen"


def test_a_defect_that_stood_once_is_not_mended_twice() -> None:
    read = ['{"numbers": [1, 2,]}', '{"others": [7 ,\n]}\n']
    found = rewrites(sources([{}, {}], read), (read[0].replace(",]", "]"), read[1].replace(" ,", " ")))
    assert later(found, {}, '{"x": [9,] }') == {'{"x": [9] }'}
    assert later(found, {}, '{"x": [9,], "y": [8,]}') is None
    assert later(found, {}, '{"x": [9], "y": [8]}') is None, "there was always something to mend"
    read[0] = '{"numbers": [1, 2,], "more": [3,]}'
    found = rewrites(sources([{}, {}], read), (read[0].replace(",]", "]"), read[1].replace(" ,", " ")))
    assert later(found, {}, '{"x": [9,], "y": [8,]}') == {'{"x": [9], "y": [8]}'}


def test_lines_and_stretches_with_holes() -> None:
    asked = [{"t1": "tea"}, {"t1": "salt"}]
    found = rewrites(sources(asked, ["milk\nrice\n", "oil\n"]), ("milk\nrice\n- tea\n", "oil\n- salt\n"))
    assert later(found, {"t1": "figs"}, "one\ntwo\nthree\n") == {"one\ntwo\nthree\n- figs\n"}
    found = rewrites(sources(asked, ["a\ntea\nb\n", "c\nd\nsalt\n"]), ("a\nb\n", "c\nd\n"))
    assert later(found, {"t1": "figs"}, "figs\nx\n") == {"x\n"}
    assert later(found, {"t1": "figs"}, "figs\nx\nfigs\n") is None
    asked = [{"t1": "tea", "t2": "milk"}, {"t1": "salt", "t2": "oil"}]
    found = rewrites(
        sources(asked, ["hot tea for two people", "sea salt and rock salt"]),
        ("hot milk for two people", "sea oil and rock oil"),
    )
    assert later(found, {"t1": "x1", "t2": "y2"}, "ax1 is not x1, is it?") == {"ay2 is not y2, is it?"}


def test_what_nothing_explains_is_not_known() -> None:
    assert rewrites(sources(ASKED, READ), (WRITTEN[0], WRITTEN[1], READ[2].replace("false", "null"))) == ()
    assert (
        rewrites(
            sources([{}, {}], ["one two three four", "five six seven eight"]), ("one two three 4444", "five six 7 eight nine")
        )
        == ()
    )


def test_a_stored_rewrite_reads_as_it_was_written() -> None:
    for origin in rewrites(sources(ASKED, READ), WRITTEN):
        (step,) = origin.via
        assert rewrite_of(step[1]).step() == step


def test_texts_that_were_always_made_of_one_another() -> None:
    fixed, broken = ['{\n"a": [1, 2]}', '{\n"bc": [3]}'], ['{\n"a": [1, 2,]}', '{\n"bc": [3,]}']
    found = agreeing(sources([{}, {}], fixed, broken))
    assert list(found) == [1], "both are known once the second was read"
    (hole,) = found[1]
    assert later((hole, *hole.also), {}, '{\n"x": [9]}', '{\n"x": [9,]}') == {'{\n"x": [9]}'}
    assert later((hole, *hole.also), {}, '{\n"x": [9]}', '{\n"x": [9]}') is None, "there was always something to mend"
    assert agreeing(sources([{}, {}], fixed, ["x\ny", "z\nw"])) == {}
