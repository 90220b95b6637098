"""Work for long pipelines: reports out of logs, tables joined, lines rewritten, files named in a list."""

from __future__ import annotations

from skvm.profile.kit.instance import Rng
from skvm.profile.kit.pools import coined, coined_words
from skvm.profile.kit.scripts import Case, Work


def pipeline(rng: Rng) -> Work:
    """One piece of work."""
    return rng.choice((_report, _rewriting, _named, _joining))(rng)


def _report(rng: Rng) -> Work:
    name, (service, level, key) = f"{coined(rng)}.log", coined_words(rng, 3)
    most, level = rng.randint(2, 4), level.upper()

    def case(again: Rng) -> Case:
        services, others = coined_words(again, 7), [word.upper() for word in coined_words(again, 2)]
        lines: list[str] = []
        rows: dict[str, list[int]] = {}
        for n in range(again.randint(50, 80)):
            who, how, value = again.choice(services), again.choice((level, level, *others)), again.randint(1, 900)
            fields = again.sample((f"{key}={value}", f"id={n}", f"{coined(again)}={again.randint(1, 900)}"), 3)
            day = f"2031-{again.randint(1, 12):02}-{again.randint(1, 28):02} {again.randint(10, 23)}:{again.randint(10, 59)}"
            lines.append(f"[{day}] {how} {service}={who}: {' '.join(fields)}")
            if how == level:
                rows.setdefault(who, []).append(value)
        ranked = sorted(((sum(values), who, values) for who, values in rows.items()), key=lambda row: (-row[0], row[1]))[:most]
        printed = [f"{who};{len(values)};{total};{max(values)}" for total, who, values in ranked]
        return Case({name: lines}, printed, {name: lines})

    def script(where: str = f"grep '\\] {level} '", order: str = "-k3,3nr -k1,1", limit: int = most, count: str = "++") -> str:
        return (
            f"{where} {name} | sed -E 's/.*{service}=([a-z]+):.* {key}=([0-9]+).*/\\1 \\2/' | awk "
            f"'{{ w = $1; n[w]{count}; s[w] += $2; if ($2 > m[w]) m[w] = $2 }} "
            'END { for (w in n) print w ";" n[w] ";" s[w] ";" m[w] }\' | '
            f"sort -t';' {order} | head -n {limit}"
        )

    return Work(
        f"read the file {name}, whose lines look like `[2031-04-17 11:52] {level} {service}=NAME: id=12 {key}=340 other=7` "
        f"(another word in capital letters may stand for {level}, the fields after the `:` are separated by single blanks and "
        f"stand in any order, and their names hold small letters only). Of the lines with {level}, print for each of the "
        f"{most} NAMEs with the largest sums of {key} one line `NAME;COUNT;SUM;MAX`: the number of such lines with that NAME, "
        f"and sum and maximum of their {key}. The largest sum comes first; equal sums are in the alphabetical order of the "
        f"NAMEs",
        case,
        script(),
        f'awk -v k=\'{key}\' \'$3 == "{level}" {{ w = $4; sub(/^[^=]*=/, "", w); sub(/:$/, "", w); n[w]++; '
        'for (i = 5; i <= NF; i++) { split($i, p, "="); v = p[2] + 0; if (p[1] == k) { s[w] += v; if (v > m[w]) m[w] = v } } } '
        f'END {{ for (w in n) printf "%s;%d;%d;%d\\n", w, n[w], s[w], m[w] }}\' {name} | '
        f"LC_ALL=C sort -t ';' -k3nr -k1 | sed {most}q",
        {
            "every level": script(where="cat"),
            "smallest first": script(order="-k3,3n -k1,1"),
            "order of counts as text": script(order="-k1,1"),
            "one too many": script(limit=most + 1),
            "counted twice": script(count=" += 2"),
            "another field": script().replace(f" {key}=([0-9]+)", " id=([0-9]+)"),
        },
    )


def _rewriting(rng: Rng) -> Work:
    name, mark = f"{coined(rng)}.conf", rng.choice("#;%")
    old, new = coined_words(rng, 2)

    def case(again: Rng) -> Case:
        lines, printed = [], []
        for n in range(again.randint(18, 28)):
            key, value, other = coined_words(again, 3)
            d, m, y = again.randint(1, 28), again.randint(1, 12), again.randint(1980, 2040)
            kind = n % 6 if n < 12 else again.randint(0, 5)
            lines.append(
                (
                    f"{mark} {key} = {value}",
                    "",
                    f"{key} = {d:02}.{m:02}.{y} {value}",
                    f"{old}.{key} = {value}",
                    f"{key} = {old}.{value} {d:02}.{m:02}.{y} {d:02}.{m:02}.{y}",
                    f"  {key}{old} = {value} {mark} {other}",
                )[kind]
            )
            printed += (
                [],
                [],
                [f"{key}: {y}-{m:02}-{d:02} {value}"],
                [f"{new}.{key}: {value}"],
                [f"{key}: {old}.{value} {y}-{m:02}-{d:02} {y}-{m:02}-{d:02}"],
                [f"{key}{old}: {value}"],
            )[kind]
        return Case({name: lines}, printed, {name: lines})

    date = r"s/([0-9]{2})\.([0-9]{2})\.([0-9]{4})/\3-\2-\1/"

    def script(
        dates: str = f"{date}g",
        prefix: str = f"s/^{old}\\./{new}./",
        drop: str = f"s/ *{mark}.*//",
        sign: str = "s/ = /: /",
    ) -> str:
        return f"sed -E -e '{drop}' -e 's/^ +//' -e '/^$/d' -e '{prefix}' -e '{sign}' -e '{dates}' {name}"

    return Work(
        f"print the lines of the file {name} rewritten, in their order: what follows a `{mark}`, the `{mark}` itself and "
        f"blanks before it are dropped, as are blanks at the beginning of a line; lines that are empty then are left out; "
        f"where a line begins with `{old}.`, that becomes `{new}.`; the ` = ` (there is one in every line left) becomes `: `; "
        f"and every date of the form DD.MM.YYYY becomes YYYY-MM-DD (a line may hold several). The file itself stays as it is",
        case,
        script(),
        f"cut -d'{mark}' -f1 {name} | grep -v '^ *$' | sed 's/^ *//; s/ *$//' | sed 's/^{old}[.]/{new}./;s/ = /: /' | sed "
        "'s/\\([0-9][0-9]\\)[.]\\([0-9][0-9]\\)[.]\\([0-9]\\{4\\}\\)/\\3-\\2-\\1/g'",
        {
            "first date only": script(dates=date),
            "day and month swapped": script(dates=f"{date}g".replace(r"\3-\2-\1", r"\3-\1-\2")),
            "everywhere": script(prefix=f"s/{old}\\./{new}./"),
            "lines with a mark dropped": script(drop=f"/{mark}/d"),
            "empty lines kept": script().replace(" -e '/^$/d'", ""),
            "in place": script().replace("sed -E", "sed -i -E"),
            "sign kept": script(sign="s/=/=/"),
        },
    )


def _named(rng: Rng) -> Work:
    names, word, folder = f"{coined(rng)}.txt", *coined_words(rng, 2)

    def case(again: Rng) -> Case:
        files: dict[str, list[str]] = {}
        for n, stem in enumerate(coined_words(again, 8)):
            path = f"{folder}/{stem} {coined(again)}.txt" if n in (2, 5) else f"{folder}/{stem}.txt"
            hits = [f"{coined(again)} {word} {coined(again)}" for _ in range(n * 2 % 9 + 1)] if n else []
            files[path] = [*(f"{coined(again)} {coined(again)}" for _ in range(again.randint(1, 5))), *hits]
            again.shuffle(files[path])
        listed = again.sample(list(files)[:3], 3) + again.sample(list(files)[3:], 3)
        again.shuffle(listed)
        counts = [(sum(word in line for line in files[path]), path) for path in listed]
        rows = [f"{count} {path}" for count, path in sorted(counts, key=lambda row: (-row[0], row[1])) if count]
        before = {**files, names: listed}
        return Case(before, rows, before)

    counted = f"xargs -d '\\n' grep -c '{word}' < {names}"
    swapped = "sed -E 's/(.*):([0-9]+)$/\\2 \\1/'"
    return Work(
        f"read the file {names}, every line of which is the path of a file (paths may hold blanks, but no `:`), and print for "
        f"each of these files that has lines with the text `{word}` one line `COUNT PATH`: how many lines contain it, and the "
        f"path as it stands in the list. The largest count comes first; files with equal counts are in the alphabetical order "
        f"of their paths (all in small letters, in the order of LC_ALL=C). Files that are not in the list do not count",
        case,
        f"{counted} | {swapped} | grep -v '^0 ' | LC_ALL=C sort -k1,1nr -k2",
        f"tr '\\n' '\\0' < {names} | xargs -0 -n1 grep -cH {word} | awk -F: '$2 > 0 {{ print $2 \" \" $1 }}' | LC_ALL=C sort "
        f"-t ' ' -k1,1nr -k2",
        {
            "split at blanks": f"xargs grep -c '{word}' < {names} | {swapped} | grep -v '^0 ' | LC_ALL=C sort -k1,1nr -k2",
            "files without kept": f"{counted} | {swapped} | LC_ALL=C sort -k1,1nr -k2",
            "path first": f"{counted} | grep -v ':0$' | tr ':' ' ' | LC_ALL=C sort -k1",
            "smallest first": f"{counted} | {swapped} | grep -v '^0 ' | LC_ALL=C sort -k1,1n -k2",
            "all files": f"grep -c '{word}' {folder}/* | {swapped} | grep -v '^0 ' | LC_ALL=C sort -k1,1nr -k2",
        },
    )


def _joining(rng: Rng) -> Work:
    people, sales = (f"{word}.csv" for word in coined_words(rng, 2))
    least = rng.randint(200, 400)

    def case(again: Rng) -> Case:
        ids = again.sample(range(100, 999), 9)
        regions = coined_words(again, 4)
        where = {number: again.choice(regions) for number in ids[:7]}
        rows = [(again.choice(ids), again.randint(1, 500)) for _ in range(40)]
        rows += [(again.choice(ids), least), (again.choice(ids[:7]), least), (ids[0], least - 1)]
        again.shuffle(rows)
        totals: dict[str, int] = {}
        for number, amount in rows:
            if number in where and amount >= least:
                totals[where[number]] = totals.get(where[number], 0) + amount
        ranked = [f"{region} {total}" for region, total in sorted(totals.items())]
        first = ["id,name,region", *(f"{number},{coined(again)},{region}" for number, region in where.items())]
        second = ["day,id,amount", *(f"2031-05-{again.randint(10, 28)},{number},{amount}" for number, amount in rows)]
        before = {people: first, sales: second}
        return Case(before, [*ranked, f"all {sum(totals.values())}"], before)

    def script(
        test: str = f"$3 >= {least}",
        total: str = "$3",
        order: str = "sort",
        known: str = " && $2 in r",
    ) -> str:
        return (
            f"awk -F, 'NR == FNR {{ if (FNR > 1) r[$1] = $3; next }} FNR > 1 && {test}{known} {{ print r[$2], {total} }}' "
            f"{people} {sales} | awk '{{ s[$1] += $2; t += $2 }} END "
            f'{{ for (k in s) print "1", k, s[k]; print "2 all", t }}\' | {order} | cut -d\' \' -f2-'
        )

    return Work(
        f"read two files with header lines and columns separated by `,` (no quotes are used): {people} with the columns id, "
        f"name and region, and {sales} with the columns day, id and amount. Of the rows of {sales} with an amount of at least "
        f"{least} whose id also stands in {people}, add up the amounts by region, and print one line `REGION SUM` for every "
        f"region that has such rows, in the alphabetical order of the regions (all in small letters), and then one last line "
        f"`all SUM` with the sum of all of them",
        case,
        script(),
        f"join -t, -1 1 -2 2 <(tail -n +2 {people} | sort -t, -k1,1) <(tail -n +2 {sales} | sort -t, -k2,2) | "
        f"awk -F, '$5 >= {least} {{ print $3, $5 }}' | sort | "
        "awk '$1 != k { if (NR > 1) print k, s; k = $1; s = 0 } { s += $2; t += $2 } END { print k, s; print \"all\", t }'",
        {
            "limit off by one": script(f"$3 > {least}"),
            "all amounts": script("1"),
            "counted": script(total="1"),
            "unknown ids too": script(known=""),
            "backwards": script(order="sort -r"),
            "no last line": f"{script()} | grep -v '^all '",
        },
    )
