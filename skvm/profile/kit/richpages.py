"""A page with a bar chart that has to be worked out, columns that follow the window, and what assistive software needs."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from skvm.profile.kit.instance import Rng
from skvm.profile.kit.markup import Node
from skvm.profile.kit.pagespec import Page, Test, by_id, label_of, numbered
from skvm.profile.kit.pools import coined, coined_words
from skvm.profile.kit.simplepages import framed
from skvm.profile.kit.styles import columns, declared


def rich(rng: Rng) -> Page:
    """A page of the level."""
    top, nav = (word.capitalize() for word in coined_words(rng, 2))
    lang, main = rng.choice(("en", "de", "fr", "pt", "sv", "cs")), f"{coined(rng)}-{coined(rng)}"
    chart, grid, access = _chart(rng), _grid(rng), _access(rng)
    skip = coined(rng).capitalize()  # ids of main and of the chart's title are in two parts, so that they are no other part's
    links = "".join(f'<li><a href="/{word}">{word}</a></li>' for word in coined_words(rng, 2))
    head = '<meta name="viewport" content="width=device-width, initial-scale=1">\n'
    begin = f'<a href="#{main}">{skip}</a>\n<nav aria-label="{nav}"><ul>{links}</ul></nav>\n'
    begin += f'<main id="{main}">\n<h1>{top}</h1>\n'
    style, other_style = (f"<style>\n{css}\n</style>\n" for css in (grid.right, grid.other))
    body = f"{begin}{chart.right}\n{_cards(grid)}\n{access.right}\n</main>"
    other = f"<!-- as asked -->\n{begin}{access.other}\n<section>{chart.other}</section>\n{_cards(grid)}\n</main>"
    tests: dict[str, Test] = {
        "the language": lambda root: root.first("html").attrs.get("lang", "").lower().split("-")[0] == lang,
        "the viewport": lambda root: any(
            "width=device-width" in node.attrs.get("content", "").replace(" ", "")
            for node in root.all("meta")
            if node.attrs.get("name", "").lower() == "viewport"
        ),
        "the skip link": lambda root: _skips(root, skip, main),
        "the name of the navigation": lambda root: root.first("nav").attrs.get("aria-label") == nav,
        "levels of headings": lambda root: _levels(root, top),
        **chart.tests,
        **grid.tests,
        **access.tests,
    }
    return Page(
        f"Requirements:\n1. The language of the page is declared as `{lang}`; there is a meta element for the viewport with "
        f"width=device-width; the title and the only heading of level 1 are `{top}`, and no level of headings is skipped.\n2. "
        f"The first element of the body that can take the focus is a link with the text `{skip}`, which leads to the main "
        f"element, whose id is `{main}`. A nav element with some links has the name `{nav}` by aria-label.\n3. "
        f"{chart.told}\n4. {grid.told}\n5. {access.told}",
        framed(top, body, head + style, lang),
        framed(top, other, head + other_style, lang),
        tests,
        {
            "another language": (f'lang="{lang}"', 'lang="xx"'),
            "no viewport": (head, ""),
            "skip link to nowhere": (f'href="#{main}"', 'href="#top"'),
            "skip link last": (f'<a href="#{main}">{skip}</a>\n', ""),
            "navigation without a name": (f' aria-label="{nav}"', ""),
            "level skipped": ("</main>", "<h4>Notes</h4></main>"),
            **chart.slips,
            **grid.slips,
            **access.slips,
        },
    )


def _skips(root: Node, text: str, main: str) -> bool:
    first = root.first("body").first("a", "button", "input", "select", "textarea")
    target = by_id(root, main)
    return first.attrs.get("href") == f"#{main}" and first.text() == text and target is not None and target.tag == "main"


def _levels(root: Node, top: str) -> bool:
    levels = [int(node.tag[1]) for node in root.all("h1", "h2", "h3", "h4", "h5", "h6")]
    jumps = [b - a for a, b in zip([0, *levels], levels, strict=False)]
    return root.first("h1").text() == top and levels.count(1) == 1 and max(jumps) <= 1


def _chart(rng: Rng) -> Page:
    """Bars whose places and heights follow from values."""
    names, (name, title) = coined_words(rng, rng.randint(4, 6)), coined_words(rng, 2)
    values = rng.sample(range(3, 40), len(names))
    left, wide, gap, unit = rng.randint(10, 30), rng.randint(16, 40), rng.randint(4, 12), rng.randint(2, 5)
    ground = 40 * unit + rng.randint(10, 30)
    width, height = left + len(names) * (wide + gap) + 10, ground + 30
    largest = values.index(max(values))
    plain, loud = (f"#{rng.randint(0x101010, 0xEFEFEF):06x}" for _ in range(2))
    starts, tops = [left + i * (wide + gap) for i in range(len(names))], [ground - v * unit for v in values]
    bars = [{"x": x, "y": y, "width": wide, "height": ground - y} for x, y in zip(starts, tops, strict=True)]
    texts = [{"x": bar["x"] + wide / 2, "y": ground + 15} for bar in bars]

    def drawn(number: int) -> tuple[str, str]:
        shown = " ".join(f'{key}="{value}"' for key, value in bars[number].items())
        where = " ".join(f'{key}="{value:g}"' for key, value in texts[number].items())
        colour = loud if number == largest else plain
        return f'<rect {shown} fill="{colour}"/>', f'<text {where} text-anchor="middle">{names[number]}</text>'

    parts = [drawn(number) for number in range(len(names))]
    inner = "\n".join(f"{bar}{text}" for bar, text in parts)
    begin = f'<svg viewBox="0 0 {width} {height}" role="img" aria-labelledby="{name}-title">\n'
    begin += f'<title id="{name}-title">{title}</title>\n'
    apart = "".join(bar for bar, _ in parts) + "<g>" + "".join(text for _, text in parts) + "</g>"
    pairs = ", ".join(f"{n} {v}" for n, v in zip(names, values, strict=True))
    first = f'height="{bars[0]["height"]}"'
    return Page(
        f"An inline SVG with the viewBox `0 0 {width} {height}` and the role img is named by its title element, `{title}`, "
        f"through aria-labelledby. It is a bar chart of these values: {pairs}. Every value has a rect, in this order, with x, "
        f"y, width, height and fill as attributes, without transformations: each is {wide} wide, the first begins at x {left}, "
        f"and between one and the next is a gap of {gap}; all stand on the line y {ground}, and each unit of a value is {unit} "
        f"high. The fill is `{plain}`, but `{loud}` for the largest value. Under each bar a text element with the name of the "
        f"value is centred below its bar by its attribute text-anchor, at y {ground + 15}. There are no other rect and text "
        f"elements in it.",
        f"{begin}{inner}\n</svg>",
        f"{begin}{apart}\n</svg>".replace("/>", "></rect>"),
        {
            "the SVG": lambda root: (
                root.first("svg").attrs.get("viewbox", "").replace(",", " ").split() == ["0", "0", str(width), str(height)]
                and root.first("svg").attrs.get("role") == "img"
            ),
            "its name": lambda root: _named(root, root.first("svg"), title),
            "the bars": lambda root: _all_numbered(root.first("svg").all("rect"), bars),
            "the colours": lambda root: (
                [rect.attrs.get("fill", "").lower() for rect in root.first("svg").all("rect")]
                == [loud if n == largest else plain for n in range(len(names))]
            ),
            "the labels": lambda root: (
                [node.text() for node in root.first("svg").all("text")] == names
                and _all_numbered(root.first("svg").all("text"), texts)
                and _centred(root.first("svg"))
            ),
        },
        {
            "bar of another height": (first, f'height="{bars[0]["height"] + unit}"'),
            "bar dropped": (parts[1][0], ""),
            "bars from above": (f'y="{bars[0]["y"]}"', 'y="0"'),
            "gap forgotten": (f'x="{bars[1]["x"]}"', f'x="{bars[1]["x"] - gap}"'),
            "largest not marked": (loud, plain),
            "labels at the left": ("middle", "start"),
            "without a name": (f'aria-labelledby="{name}-title"', 'aria-labelledby="none"'),
            "no role": (' role="img"', ""),
        },
    )


def _named(root: Node, svg: Node, title: str) -> bool:
    ids = svg.attrs.get("aria-labelledby", "").split()
    found = by_id(root, ids[0]) if ids else None
    return found is not None and found.tag == "title" and found.text() == title and found in svg.all("title")


def _all_numbered(nodes: list[Node], wanted: Sequence[Mapping[str, float]]) -> bool:
    return len(nodes) == len(wanted) and all(numbered(node, numbers) for node, numbers in zip(nodes, wanted, strict=True))


def _centred(svg: Node) -> bool:
    """Whether all texts are anchored in their middle, by themselves, a group around them, or a style."""
    around = [node for node in [svg, *svg.all("g")] if _anchor(node)]
    loose = [node for node in svg.all("text") if not _anchor(node)]
    return all(any(node is inner for group in around for inner in group.all()) for node in loose)


def _anchor(node: Node) -> bool:
    style = node.attrs.get("style", "").replace(" ", "")
    return node.attrs.get("text-anchor") == "middle" or "text-anchor:middle" in style


def _grid(rng: Rng) -> Page:
    """Columns of a grid by the width of the window; `right` and `other` are styles."""
    name = coined(rng)
    first = rng.randint(24, 40) * 20
    second = first + rng.randint(12, 25) * 20
    few, many = rng.choice(((2, 3), (2, 4), (3, 5), (2, 5)))

    def test(width: int, wanted: int) -> Test:
        return lambda root: columns(declared(_css(root), name, width)) == wanted

    right = (
        f".{name} {{ display: grid; gap: 8px; grid-template-columns: 1fr; }}\n@media (min-width: {first}px) {{ .{name} {{ "
        f"grid-template-columns: repeat({few}, 1fr); }} }}\n@media (min-width: {second}px) {{ .{name} {{ "
        f"grid-template-columns: repeat({many}, 1fr); }} }}"
    )
    other = (
        f":root {{ --n: {many}; }}\nmain .{name} "
        f"{{ display: grid; grid-template-columns: repeat(var(--n), minmax(0, 1fr)); }}\n@media screen and (max-width: "
        f"{second - 1}px) {{ :root {{ --n: {few}; }} }}\n@media (width < {first}px) {{ :root {{ --n: 1; }} }}"
    )
    return Page(
        f"Four div elements with any text lie in an element with the class `{name}`, which is a CSS grid "
        f"(grid-template-columns, in a style element, by media queries on the width in px, without auto-fit or auto-fill) of "
        f"one column in windows less than {first} px wide, of {few} columns from {first} px on, and of {many} columns from "
        f"{second} px on.",
        right,
        other,
        {
            "the cards": lambda root: any(
                name in node.classes() and len(node.kids("div")) == 4 for node in root.first("main").all()
            ),
            "one column": test(320, 1),
            "one column still": test(first - 1, 1),
            "some columns": test(first, few),
            "some columns still": test(second - 1, few),
            "all columns": test(second, many),
            "all columns too": test(1900, many),
        },
        {
            "limit off by one": (f"min-width: {first}px", f"min-width: {first + 1}px"),
            "always wide": (f"@media (min-width: {second}px)", "@media (min-width: 1px)"),
            "a column too few": (f"repeat({many}, 1fr)", f"repeat({many - 1}, 1fr)"),
            "no grid": ("display: grid", "display: block"),
            "for other elements": (f".{name} {{", f".{name}s {{"),
            "maximum for minimum": ("min-width", "max-width"),
        },
    )


def _css(root: Node) -> str:
    return "\n".join(node.text() for node in root.all("style"))


def _cards(grid: Page) -> str:
    name = grid.right[1:].partition(" ")[0]
    return f'<div class="{name}">{"<div>A card.</div>" * 4}</div>'


def _access(rng: Rng) -> Page:
    """A button that opens a part, a field with a hint, a place for messages, a table with heads of rows, and a picture."""
    part, hint, field, button = coined_words(rng, 4)
    label, text, alt = (word.capitalize() for word in coined_words(rng, 3))
    rows, heads = coined_words(rng, 2), [word.capitalize() for word in coined_words(rng, 3)]
    head = "".join(f'<th scope="col">{text}</th>' for text in heads)
    body = "".join(f'<tr><th scope="row">{row}</th><td>{rng.randint(1, 9)}</td><td>7</td></tr>' for row in rows)
    table = f"<table><thead><tr>{head}</tr></thead><tbody>{body}</tbody></table>"
    opener = f'<button type="button" aria-expanded="false" aria-controls="{part}">{button}</button>\n'
    opener += f'<div id="{part}" hidden>More.</div>'
    entry = (
        f'<label for="{field}">{label}</label> <input id="{field}" name="{field}" required aria-describedby="{hint}"> '
        f'<span id="{hint}">{text}</span>'
    )
    other_entry = f"<label>{label} <input name={field} aria-describedby='{hint}' aria-required=true required></label>"
    other_entry += f"<p id={hint}>{text}</p>"
    live, picture = '<p role="status"></p>', f'<img src="{field}.png" alt="{alt}">'
    return Page(
        f"Also in main: a button with the text `{button}` that says by aria attributes that it controls the element with the "
        f"id `{part}`, which is there, and that this is not expanded, that is, hidden by the attribute of that name; an input "
        f"that must be filled in, with the name `{field}`, the label `{label}`, and the hint `{text}` in an element that "
        f"aria-describedby names; an empty element in which messages will be announced politely as they appear (by its role or "
        f"aria-live); an img of `{field}.png` with the alternative text `{alt}` and another one of `line.png` that is only "
        f"decoration; and a table with the header row {', '.join(heads)} and two further rows, which begin with "
        f"{' and '.join(rows)} (the other cells hold any numbers): all cells of the header row and the first cells of the "
        f"other rows are header cells, and say by scope what they head.",
        "\n".join((opener, entry, live, picture, '<img src="line.png" alt="">', table)),
        "\n".join((table, picture, other_entry, opener, '<img src=line.png alt=""><div aria-live="polite"></div>')),
        {
            "the button": lambda root: _opens(root, button, part),
            "the field": lambda root: _described(root, field, label, text),
            "the messages": lambda root: any(_polite(node) and not node.text() for node in root.first("main").all()),
            "the picture": lambda root: _alt(root, f"{field}.png") == alt,
            "the decoration": lambda root: _alt(root, "line.png") == "",
            "heads of columns": lambda root: _scopes(root, "col") == heads,
            "heads of rows": lambda root: _scopes(root, "row") == rows,
        },
        {
            "expanded": ('aria-expanded="false"', 'aria-expanded="true"'),
            "controls nothing": (f'aria-controls="{part}"', f'aria-controls="{part}s"'),
            "hint not tied": (f'aria-describedby="{hint}"', ""),
            "label not tied": (f'<label for="{field}">', "<label>"),
            "messages not announced": (' role="status"', ""),
            "decoration without alt": (' alt=""', ""),
            "plain cells": (f'<th scope="row">{rows[0]}</th>', f"<td>{rows[0]}</td>"),
            "no scope": (' scope="col"', ""),
        },
    )


def _polite(node: Node) -> bool:
    announced = node.attrs.get("role") in ("status", "log") or node.attrs.get("aria-live") == "polite"
    return announced or node.tag == "output"


def _opens(root: Node, text: str, part: str) -> bool:
    target = by_id(root, part)
    found = [node for node in root.all("button") if node.text() == text]
    wanted: Mapping[str, str] = {"aria-controls": part, "aria-expanded": "false"}
    named = len(found) == 1 and all(found[0].attrs.get(key) == value for key, value in wanted.items())
    return named and target is not None and "hidden" in target.attrs


def _described(root: Node, name: str, label: str, text: str) -> bool:
    found = [node for node in root.all("input") if node.attrs.get("name") == name]
    if len(found) != 1 or "required" not in found[0].attrs or label_of(root, found[0]) != label:
        return False
    hints = [by_id(root, name) for name in found[0].attrs.get("aria-describedby", "").split()]
    return any(hint is not None and hint.text() == text for hint in hints)


def _alt(root: Node, source: str) -> str | None:
    found = [node for node in root.all("img") if node.attrs.get("src", "").endswith(source)]
    return found[0].attrs.get("alt") if len(found) == 1 else None


def _scopes(root: Node, scope: str) -> list[str]:
    return [node.text() for node in root.first("table").all("th") if node.attrs.get("scope", "").removesuffix("group") == scope]
