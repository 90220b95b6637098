"""Work that takes pipes, redirections and loops: a file for every file, a row for every number, a ranking, a renaming."""

from __future__ import annotations

from skvm.profile.kit.instance import Rng
from skvm.profile.kit.pools import coined, coined_words
from skvm.profile.kit.scripts import Case, Work


def looping(rng: Rng) -> Work:
    """One piece of work."""
    return rng.choice((_ranking, _each_file, _numbers, _renaming, _sorting_out))(rng)


def _ranking(rng: Rng) -> Work:
    name, out = (f"{word}.txt" for word in coined_words(rng, 2))
    most = rng.randint(2, 4)

    def case(again: Rng) -> Case:
        values = coined_words(again, 6)
        counts = dict(zip(values, again.sample(range(1, 15), 6), strict=True))
        lines = [f"{coined(again)} {value} {again.randint(1, 99)}" for value, count in counts.items() for _ in range(count)]
        again.shuffle(lines)
        ranked = sorted(counts.items(), key=lambda item: -item[1])[:most]
        after = [f"{count} {value}" for value, count in ranked] + [f"total {len(lines)}"]
        return Case({name: lines}, [], {name: lines, out: after})

    ranked = f"cut -d' ' -f2 {name} | sort | uniq -c | sort -rn | head -n {most}"
    total = f'echo "total $(wc -l < {name})"'
    return Work(
        f"read the file {name}, whose lines are three words separated by single blanks, and write the file {out}: the {most} "
        f"most frequent second words, most frequent first, each on a line `COUNT WORD` (no two are equally frequent); then one "
        f"last line `total N` with the number of lines of {name}",
        case,
        f"{ranked} | sed 's/^ *//' > {out}\n{total} >> {out}",
        f"{{ awk '{{ n[$2]++ }} END {{ for (w in n) print n[w], w }}' {name} | sort -k1,1nr | head -{most}; {total}; }} > "
        f"{out}",
        {
            "printed": f"{ranked}\n{total}",
            "overwritten": f"{ranked} > {out}\n{total} > {out}",
            "first words": f"{ranked} > {out}\n{total} >> {out}".replace("-f2", "-f1"),
            "rarest first": f"{ranked} > {out}\n{total} >> {out}".replace("-rn", "-n"),
            "not sorted before counting": f"{ranked} > {out}\n{total} >> {out}".replace("| sort | uniq", "| uniq"),
            "one too many": f"{ranked} > {out}\n{total} >> {out}".replace(f"-n {most}", f"-n {most + 1}"),
        },
    )


def _each_file(rng: Rng) -> Work:
    source, target, word = coined_words(rng, 3)
    end = rng.choice(("txt", "log", "dat"))

    def case(again: Rng) -> Case:
        before, after = {}, {}
        for n, name in enumerate(coined_words(again, 5)):
            stem = f"{name} {coined(again)}" if n in (1, 3) else name
            bodies = [f"{other} {'-' if again.random() < 0.4 else word} {coined(again)}" for other in coined_words(again, 6)]
            lines = [*bodies, *again.sample(bodies, 3), bodies[0], f"{coined(again)} {word}", f"{coined(again)} {word}"]
            again.shuffle(lines)
            before[f"{source}/{stem}.{end}"] = lines
            after[f"{target}/{stem}.{end}"] = sorted({line for line in lines if word in line})
        before[f"{source}/{coined(again)}.bak"] = [word]
        return Case(before, [str(sum(map(len, after.values())))], before | after)

    def script(work: str, files: str = "") -> str:
        files = files or f"{source}/*.{end}"
        return f'mkdir -p {target}\nfor f in {files}; do\n  {work} > "{target}/$(basename "$f")"\ndone\ncat {target}/* | wc -l'

    return Work(
        f"for every file in the folder {source} whose name ends in `.{end}` (names may hold blanks), write a file of the same "
        f"name in the folder {target} (which does not exist yet) with those lines that contain `{word}`, each different line "
        f"once, sorted alphabetically (all are in small letters); at the end print the number of lines of all these new files "
        f"together (just the number)",
        case,
        script(f"grep '{word}' \"$f\" | sort -u"),
        f"mkdir {target}; cd {source}; ls *.{end} | while IFS= read -r f; do "
        f'grep -F {word} < "$f" | sort | uniq > "../{target}/$f"; '
        f"done; cat ../{target}/*.{end} | awk 'END {{ print NR }}'",
        {
            "split at blanks": script(f"grep '{word}' $f | sort -u"),
            "lines twice": script(f"grep '{word}' \"$f\" | sort"),
            "not sorted": script(f"grep '{word}' \"$f\" | uniq"),
            "other lines": script(f"grep -v '{word}' \"$f\" | sort -u"),
            "all files": script(f"grep '{word}' \"$f\" | sort -u", f"{source}/*"),
            "no total": script(f"grep '{word}' \"$f\" | sort -u").rpartition("\n")[0],
        },
    )


def _numbers(rng: Rng) -> Work:
    folder, stem, limits = *coined_words(rng, 2), f"{coined(rng)}.txt"
    times, step = rng.randint(3, 19), rng.randint(2, 4)

    def case(again: Rng) -> Case:
        first = again.randint(2, 60)
        numbers = range(first, first + step * again.randint(4, 8) + 1, step)
        last = numbers[-1] + again.randint(0, step - 1)
        after = {f"{folder}/{stem}-{n}.txt": [str(n * times)] for n in numbers}
        total = sum(n * times for n in numbers)
        return Case({limits: [f"{first} {last}"]}, [str(total)], {limits: [f"{first} {last}"], **after})

    def script(
        start: str = "$a", limit: str = "<=", grow: int = step, name: str = f"{stem}-$n", value: str = f"n * {times}"
    ) -> str:
        return (
            f"read -r a b < {limits}\nmkdir -p {folder}\nsum=0\nfor ((n = {start}; n {limit} b; n += {grow})); do\n  "
            f"v=$(({value}))\n"
            f'  echo "$v" > "{folder}/{name}.txt"\n  sum=$((sum + v))\ndone\necho "$sum"'
        )

    return Work(
        f"read the file {limits}, whose only line holds two whole numbers A and B with a blank between them; for the numbers "
        f"from A on in steps of {step} (A, A + {step}, A + {2 * step} and so on) up to B at most, write a file "
        f"{folder}/{stem}-N.txt, N being the number, whose only line is N times {times} (the folder {folder} does not exist "
        f"yet); at the end print the sum of all the numbers written into these files (just the number)",
        case,
        script("a"),
        f"mkdir {folder}; for n in $(seq $(cut -d' ' -f1 {limits}) {step} $(cut -d' ' -f2 {limits})); do echo $((n * {times})) "
        f"> {folder}/{stem}-$n.txt; done; cat {folder}/* | awk '{{ s += $1 }} END {{ print s }}'",
        {
            "one later": script("a + 1"),
            "last one left out": script("a", "<").replace("n < b", f"n + {step} <= b"),
            "every number": script("a", grow=1),
            "another name": script("a", name=f"{stem}$n"),
            "added": script("a", value=f"n + {times}"),
            "sum of another": script("a").replace("sum + v", "sum + n"),
        },
    )


def _renaming(rng: Rng) -> Work:
    new, end, log = *coined_words(rng, 2), f"{coined(rng)}.log"
    first = rng.randint(1, 90)

    def case(again: Rng) -> Case:
        count = again.randint(11, 14)
        before = {f"{name}.{end}": [coined(again)] for name in coined_words(again, count)}
        before[f"{coined(again)}-{coined(again)}.txt"] = ["left alone"]
        after: dict[str, list[str]] = {}
        rows: list[str] = []
        for path, lines in sorted(before.items()):
            if path.endswith(f".{end}"):
                target = f"{new}-{first + len(rows):03}.{end}"
                after[target] = lines
                rows.append(f"{path} {target}")
            else:
                after[path] = lines
        return Case(before, [], {**after, log: rows})

    def script(begin: int = first, form: str = "%03d", files: str = f"*.{end}", act: str = "mv", sign: str = ">>") -> str:
        return (
            f'i={begin}\nfor f in {files}; do\n  t=$(printf "{new}-{form}.{end}" "$i")\n  {act} "$f" "$t"\n'
            f'  echo "$f $t" {sign} {log}\n'
            "  i=$((i + 1))\ndone"
        )

    return Work(
        f"rename all files in the folder whose names end in `.{end}`, in the alphabetical order of their names (all in small "
        f"letters), to {new}-NNN.{end}, NNN being a number of three digits that begins with {first:03} and grows by one from "
        f"file to file; write a file {log} with one line `OLD NEW` for each of them, in the same order; other files stay as "
        f"they are",
        case,
        script(),
        f"n={first}; ls | grep '\\.{end}$' | sort | while read -r f; do t={new}-$(printf %03d $n).{end}; mv \"$f\" $t && echo "
        f"$f $t; n=$((n+1)); done > {log}",
        {
            "one later": script(first + 1),
            "digits missing": script(form="%d"),
            "all files": script(files="*"),
            "copied": script(act="cp"),
            "last line only": script(sign=">"),
            "backwards": script(files=f"$(ls -r *.{end})"),
        },
    )


def _sorting_out(rng: Rng) -> Work:
    name, folder, rest = f"{coined(rng)}.txt", coined(rng), f"{coined(rng)}.txt"
    limit = rng.randint(30, 70)

    def case(again: Rng) -> Case:
        names = coined_words(again, 5)
        rows = [(again.choice(names), again.randint(1, 99)) for _ in range(25)]
        rows += [(names[0], limit), (names[1], limit - 1), (names[2], limit + 1), (names[0], 100)]
        again.shuffle(rows)
        after: dict[str, list[str]] = {}
        for word, number in rows:
            path, line = (f"{folder}/{word}.txt", str(number)) if number >= limit else (rest, f"{word} {number}")
            after.setdefault(path, []).append(line)
        lines = [f"{word} {number}" for word, number in rows]
        return Case({name: lines}, [], {name: lines, **after})

    def script(test: str = "-ge", line: str = "$n", kept: str = "$w $n", sign: str = ">>") -> str:
        return (
            f'mkdir -p {folder}\nwhile read -r w n; do\n  if [ "$n" {test} {limit} ]; then\n    echo "{line}" {sign} '
            f'"{folder}/$w.txt"\n  else\n    echo "{kept}" >> {rest}\n  fi\ndone < {name}'
        )

    return Work(
        f"go through the lines of the file {name} in their order, each of which is a word, a blank and a whole number: where "
        f"the number is at least {limit}, append it (the number alone, on a line of its own) to the file {folder}/WORD.txt "
        f"(the folder {folder} does not exist yet), else append the whole line to the file {rest}",
        case,
        script(),
        f'mkdir {folder}; awk \'$2 >= {limit} {{ print $2 >> ("{folder}/" $1 ".txt"); next }} {{ print > "{rest}" }}\' {name}',
        {
            "limit off by one": script("-gt"),
            "turned round": script("-lt"),
            "whole lines": script(line="$w $n"),
            "number only": script(kept="$n"),
            "last number only": script(sign=">"),
            "folder not made": script().replace(f"mkdir -p {folder}\n", ""),
        },
    )
