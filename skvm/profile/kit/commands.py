"""Work that one command does: find, count, sort or cut lines; find, move or remove files."""

from __future__ import annotations

from collections.abc import Callable, Sequence

from skvm.profile.kit.instance import Rng
from skvm.profile.kit.pools import coined, coined_words
from skvm.profile.kit.scripts import Case, Work


def command(rng: Rng) -> Work:
    """One piece of work."""
    return rng.choice((_count, _whole_words, _sorted, _column, _slice, _find, _holding, _remove, _move))(rng)


def _unchanged(path: str, lines: Sequence[str], printed: Sequence[str]) -> Case:
    return Case({path: lines}, printed, {path: lines})


def _sentences(rng: Rng, word: str, count: int) -> list[str]:
    """Lines with the word at either end, inside, in capitals, as a part of another word, or not at all."""
    forms = (
        "{w} {a} {b}",
        "{a} {b} {w}",
        "{a} {w} {b}",
        "{w}{a} {b}",
        "{a} {b}{w}",
        "{a} {w}{b} {c}",
        "{a} {W} {b}",
        "{a}-{w} {b}",
        "{a} {b}",
    )
    lines = []
    for n in range(count):
        a, b, c = coined_words(rng, 3)
        form = forms[n] if n < len(forms) else rng.choice(forms)
        lines.append(form.format(w=word, W=word.upper(), a=a, b=b, c=c))
    rng.shuffle(lines)
    return lines


def _count(rng: Rng) -> Work:
    name, word = f"{coined(rng)}.txt", coined(rng)
    kinds: Sequence[tuple[str, str, str, Callable[[str], bool]]] = (
        ("begin with `{}`", "grep -c '^{}' {}", "grep -c '{}' {}", lambda line: line.startswith(word)),
        ("end in `{}`", "grep -c '{}$' {}", "grep -c '{}' {}", lambda line: line.endswith(word)),
        ("do not contain `{}`", "grep -cv '{}' {}", "grep -c '{}' {}", lambda line: word not in line),
        (
            "contain `{}` in small or capital letters",
            "grep -ci '{}' {}",
            "grep -c '{}' {}",
            lambda line: word in line.lower(),
        ),
    )
    told, right, wrong, holds = rng.choice(kinds)

    def case(again: Rng) -> Case:
        lines = _sentences(again, word, again.randint(15, 40))
        return _unchanged(name, lines, [str(sum(map(holds, lines)))])

    script = right.format(word, name)
    lines = script.replace("grep -c", "grep -").replace("grep - ", "grep ")
    return Work(
        f"print how many lines of the file {name} {told.format(word)} (just the number)",
        case,
        script,
        f"{lines} | wc -l",
        {"another pattern": wrong.format(word, name), "lines for number": lines, "all": f"wc -l < {name}"},
    )


def _whole_words(rng: Rng) -> Work:
    name, word = f"{coined(rng)}.txt", coined(rng)

    def case(again: Rng) -> Case:
        lines = _sentences(again, word, again.randint(12, 30))
        kept = [f"{n}:{line}" for n, line in enumerate(lines, 1) if word in line.replace("-", " ").split()]
        return _unchanged(name, lines, kept)

    return Work(
        f"print the lines of the file {name} in which `{word}` stands as a word of its own (words are separated by blanks or "
        f"`-`; `{word}` in capital letters is another word), each in the form `NUMBER:LINE` with its line number, counted from "
        f"1",
        case,
        f"grep -nw '{word}' {name}",
        f"grep -nE '(^|[ -]){word}([ -]|$)' {name}",
        {
            "parts of words": f"grep -n '{word}' {name}",
            "without numbers": f"grep -w '{word}' {name}",
            "any case": f"grep -nwi '{word}' {name}",
        },
    )


def _sorted(rng: Rng) -> Work:
    name, down = f"{coined(rng)}.txt", rng.choice((True, False))
    flag = "r" if down else ""

    def case(again: Rng) -> Case:
        count = again.randint(12, 25)
        numbers = again.sample([*range(2, 30), *range(90, 130), *range(1000, 1100)], count)
        rows = list(zip(coined_words(again, count), numbers, strict=True))
        ordered = sorted(rows, key=lambda row: row[1], reverse=down)
        return _unchanged(name, [f"{w} {n}" for w, n in rows], [f"{w} {n}" for w, n in ordered])

    return Work(
        f"print the lines of the file {name}, each of which is a word, a blank and a number, ordered by the number, "
        f"{'largest' if down else 'smallest'} first (no two are equal)",
        case,
        f"sort -k2,2n{flag} {name}",
        f"sort -t ' ' -n {'-r ' if down else ''}-k 2 {name}",
        {
            "as text": f"sort -k2,2{flag} {name}",
            "by the word": f"sort {'-r ' if down else ''}{name}",
            "other way round": f"sort -k2,2n{'' if down else 'r'} {name}",
        },
    )


def _column(rng: Rng) -> Work:
    name, mark, place = f"{coined(rng)}.csv", rng.choice(";:,"), rng.randint(2, 4)

    def case(again: Rng) -> Case:
        rows = [
            [*coined_words(again, 2), "", str(again.randint(1, 99)), *coined_words(again, 2)]
            for _ in range(again.randint(6, 15))
        ]
        cells = [again.sample(row, len(row)) for row in rows]
        gap = cells[0].index("")
        cells[0][gap], cells[0][place - 1] = cells[0][place - 1], cells[0][gap]
        return _unchanged(name, [mark.join(row) for row in cells], [row[place - 1] or "-" for row in cells])

    return Work(
        f"print column {place} of every line of the file {name}, whose columns are separated by `{mark}`; where it is empty, "
        f"print `-` instead",
        case,
        f"cut -d'{mark}' -f{place} {name} | sed 's/^$/-/'",
        f"awk -F'{mark}' '{{ print ($" + f'{place} == "" ? "-" : ${place}) }}\' {name}',
        {
            "next column": f"cut -d'{mark}' -f{place + 1} {name} | sed 's/^$/-/'",
            "empty ones left": f"cut -d'{mark}' -f{place} {name}",
            "at blanks": f"awk '{{ print ${place} }}' {name}",
        },
    )


def _slice(rng: Rng) -> Work:
    name, first = f"{coined(rng)}.txt", rng.randint(3, 9)
    last = first + rng.randint(3, 9)

    def case(again: Rng) -> Case:
        lines = coined_words(again, again.randint(last + 3, last + 15))
        return _unchanged(name, lines, lines[first - 1 : last])

    return Work(
        f"print the lines {first} to {last} (both included, counted from 1) of the file {name}",
        case,
        f"sed -n '{first},{last}p' {name}",
        f"head -n {last} {name} | tail -n +{first}",
        {
            "one too few": f"sed -n '{first},{last - 1}p' {name}",
            "one later": f"sed -n '{first + 1},{last + 1}p' {name}",
            "counted from 0": f"sed -n '{first - 1},{last - 1}p' {name}",
        },
    )


def _tree(rng: Rng, end: str) -> dict[str, list[str]]:
    """Files in folders at several depths; some have the ending, or hold it elsewhere in their name."""
    folders = coined_words(rng, 3)
    places = ["", f"{folders[0]}/", f"{folders[0]}/{folders[1]}/", f"{folders[2]}/"]
    stems = coined_words(rng, 14)
    ends = (f".{end}", ".txt", f".{end}.bak", f"-{end}", f"{end}", f".{end}x")
    return {f"{places[n % 4]}{stem}{ends[n % 6] if n else f'.{end}'}": [coined(rng)] for n, stem in enumerate(stems)}


def _find(rng: Rng) -> Work:
    end = coined(rng)[:3]

    def case(again: Rng) -> Case:
        files = _tree(again, end)
        return Case(files, [path for path in files if path.endswith(f".{end}")], files, any_order=True)

    return Work(
        f"print the paths of all files below the folder, at any depth, whose names end in `.{end}`, in any order",
        case,
        f"find . -type f -name '*.{end}'",
        f"find . -type f | sed 's#^./##' | grep '\\.{end}$'",
        {
            "this folder only": f"ls *.{end}",
            "anywhere in the name": f"find . -type f -name '*.{end}*'",
            "no dot": f"find . -name '*{end}'",
        },
    )


def _holding(rng: Rng) -> Work:
    word = coined(rng)

    def case(again: Rng) -> Case:
        files = {path: _sentences(again, word, 9)[: again.randint(2, 4)] for path in _tree(again, "txt")}
        files |= {path: [f"{coined(again)} {word.upper()}"] for path in list(files)[:2]}
        files |= {path: [word, f"{word} {coined(again)}"] for path in list(files)[2:4]}
        found = [path for path, lines in files.items() if any(word in line for line in lines)]
        return Case(files, found, files, any_order=True)

    return Work(
        f"print the paths of all files below the folder, at any depth, that contain the text `{word}` (in small letters), each "
        f"path once, in any order",
        case,
        f"grep -rl '{word}' .",
        f"find . -type f -exec grep -l '{word}' {{}} +",
        {"with the lines": f"grep -r '{word}' .", "any case": f"grep -rli '{word}' .", "those without": f"grep -rL '{word}' ."},
    )


def _flat(rng: Rng, start: str) -> dict[str, list[str]]:
    stems = coined_words(rng, 9)
    return {f"{start if n % 2 else ''}{stem}{'' if n % 3 else start}.dat": [coined(rng)] for n, stem in enumerate(stems)}


def _remove(rng: Rng) -> Work:
    start = f"{coined(rng)}-"

    def case(again: Rng) -> Case:
        files = _flat(again, start)
        return Case(files, [], {path: lines for path, lines in files.items() if not path.startswith(start)})

    return Work(
        f"remove all files in the folder whose names begin with `{start}`, and no others (there are no folders in it)",
        case,
        f"rm {start}*",
        f"find . -maxdepth 1 -type f -name '{start}*' -delete",
        {
            "anywhere in the name": f"rm *{start}*",
            "everything": "rm *",
            "nothing": "true",
            "all others": f"find . -type f ! -name '{start}*' -delete",
        },
    )


def _move(rng: Rng) -> Work:
    start, (outer, inner) = f"{coined(rng)}-", coined_words(rng, 2)

    def case(again: Rng) -> Case:
        files = _flat(again, start)
        after = {f"{outer}/{inner}/{path}" if path.startswith(start) else path: lines for path, lines in files.items()}
        return Case(files, [], after)

    made = f"mkdir -p {outer}/{inner}"
    return Work(
        f"make the folder {outer}/{inner} (neither {outer} nor {inner} exists yet) and move all files whose names begin with "
        f"`{start}` into it (there are no other folders)",
        case,
        f"{made}\nmv {start}* {outer}/{inner}/",
        f"{made} && find . -maxdepth 1 -type f -name '{start}*' -exec mv {{}} {outer}/{inner}/ ';'",
        {
            "copied": f"{made} && cp {start}* {outer}/{inner}/",
            "outer folder": f"{made} && mv {start}* {outer}/",
            "all files": f"{made} && mv *.dat {outer}/{inner}/",
            "folder not made": f"mv {start}* {outer}/{inner}/",
        },
    )
