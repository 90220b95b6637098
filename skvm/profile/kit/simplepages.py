"""Pages to be written: one of headings, paragraphs, lists and links; one with sections, a form, a table and a drawing."""

from __future__ import annotations

from collections.abc import Mapping
from html import escape

from skvm.profile.kit.instance import Rng
from skvm.profile.kit.markup import Node
from skvm.profile.kit.pagespec import Block, Page, Test, blocks, label_of, links, numbered, rows_of
from skvm.profile.kit.pools import coined, coined_words, token


def framed(title: str, body: str, head: str = "", lang: str = "en") -> str:
    """A whole page."""
    return (
        f'<!DOCTYPE html>\n<html lang="{lang}">\n<head>\n<meta charset="utf-8">\n'
        f"<title>{escape(title)}</title>\n{head}</head>\n"
        f"<body>\n{body}\n</body>\n</html>"
    )


def _phrase(rng: Rng) -> str:
    """A few words, with a character now and then that HTML escapes."""
    a, b, c = coined_words(rng, 3)
    return rng.choice((f"{a.capitalize()} {b} & {c}.", f"{a.capitalize()} {b}, {c}.", f"{a.capitalize()} is < {b} {c}."))


def outline(rng: Rng) -> Page:
    """Headings, paragraphs, lists and links in an order."""
    title, top = (" ".join(coined_words(rng, 2)).capitalize() for _ in range(2))
    wanted = [Block("h1", (top,)), Block("p", (_phrase(rng),))]
    hrefs: list[tuple[str, str]] = []
    for _ in range(rng.randint(2, 3)):
        wanted.append(Block("h2", (coined(rng).capitalize(),)))
        for tag in rng.sample(("p", "ul", "ol", "links"), rng.randint(2, 3)):
            texts = (_phrase(rng),) if tag == "p" else tuple(token(rng) for _ in range(rng.randint(2, 5)))
            if tag == "links":
                hrefs += [(f"https://{coined(rng)}.example/{text}", text) for text in texts]
            wanted.append(Block("ul" if tag == "links" else tag, texts))
    wanted.append(Block("p", (_phrase(rng),)))
    targets = {text: href for href, text in hrefs}
    told = "\n".join(_told(block, targets) for block in wanted)
    body = "\n".join(_written(block, targets) for block in wanted)
    last = wanted[-1].texts[0]
    item = next(block.texts[-1] for block in wanted if block.tag in ("ul", "ol"))
    return Page(
        f"Its title is `{title}`. Its body has just the following headings, paragraphs and lists, in this order and with these "
        f"texts (other elements may stand around them or, as emphasis, inside them; there are no other headings, paragraphs, "
        f"lists or links):\n{told}",
        framed(title, body),
        framed(title, f"<main>\n<div>\n{body.replace('</li>', '').replace('</p>', '')}\n</div>\n</main>"),
        {
            "the title": lambda root: root.first("title").text() == title,
            "headings, paragraphs and lists": lambda root: blocks(root) == wanted,
            "the links": lambda root: links(root) == hrefs,
        },
        {
            "another title": (f"<title>{title}", f"<title>{title}x"),
            "heading of another level": ("h1>", "h2>"),
            "paragraph left out": (f"<p>{escape(last)}</p>", ""),
            "item left out": (_item(item, targets), ""),
            "text changed": (escape(last), escape(last)[:-1] + "x."),
            "not nested rightly": ("</h1>", "</h1></div>"),
            "a heading too many": ("</body>", "<h2>Notes</h2></body>"),
        },
    )


def _told(block: Block, targets: Mapping[str, str]) -> str:
    kind = {
        "h1": "heading of level 1",
        "h2": "heading of level 2",
        "p": "paragraph",
        "ul": "unordered list",
        "ol": "ordered list",
    }
    items = [f"link `{t}` to `{targets[t]}`" if t in targets else f"`{t}`" for t in block.texts]
    return f"- {kind[block.tag]}: {', '.join(items)}"


def _item(text: str, targets: Mapping[str, str]) -> str:
    inner = f'<a href="{targets[text]}">{text}</a>' if text in targets else text
    return f"<li>{inner}</li>"


def _written(block: Block, targets: Mapping[str, str]) -> str:
    if block.tag in ("ul", "ol"):
        items = "\n".join(_item(text, targets) for text in block.texts)
        return f"<{block.tag}>\n{items}\n</{block.tag}>"
    return f"<{block.tag}>{escape(block.texts[0], quote=False)}</{block.tag}>"


def sections(rng: Rng) -> Page:
    """A header, a navigation, three sections with a form, a table and a drawing, and a footer."""
    ids, heads = coined_words(rng, 3), [word.capitalize() for word in coined_words(rng, 3)]
    top, foot = coined(rng).capitalize(), _phrase(rng)
    made = (_form(rng), _table(rng), _drawing(rng))
    order = rng.sample((0, 1, 2), 3)
    nav = "".join(f'<li><a href="#{ids[n]}">{heads[n]}</a></li>' for n in range(3))
    inner = "\n".join(f'<section id="{ids[n]}">\n<h2>{heads[n]}</h2>\n{made[k].right}\n</section>' for n, k in enumerate(order))
    other = "\n".join(
        f"<section id={ids[n]}>\n<div><h2>{heads[n]}</h2></div>\n{made[k].other}\n</section>" for n, k in enumerate(order)
    )
    start = f"<header>\n<h1>{top}</h1>\n</header>\n<nav><ul>{nav}</ul></nav>\n<main>\n"
    end = f"\n</main>\n<footer><p>{escape(foot, quote=False)}</p></footer>"
    told = [f"{n + 1}. id `{ids[n]}`, heading `{heads[n]}`: {made[k].told}" for n, k in enumerate(order)]
    tests: dict[str, Test] = {
        "the header": lambda root: root.first("header").first("h1").text() == top and len(root.all("h1")) == 1,
        "the navigation": lambda root: links(root.first("nav")) == [(f"#{i}", h) for i, h in zip(ids, heads, strict=True)],
        "the sections": lambda root: (
            [(node.attrs.get("id"), node.first("h2").text()) for node in root.first("main").all("section")]
            == list(zip(ids, heads, strict=True))
        ),
        "the footer": lambda root: root.first("footer").text() == foot,
    }
    slips = {
        "no main": ("main>", "div>"),
        "navigation to elsewhere": (f'"#{ids[1]}"', f'"#{ids[1]}x"'),
        "sections as divisions": ("section", "div"),
        "another footer": (escape(foot, quote=False), "Footer"),
    }
    for part in made:
        tests |= part.tests
        slips |= part.slips
    return Page(
        f"Its title and the only heading of level 1, which stands in a header element, are `{top}`. A nav element holds three "
        f"links, which lead to the three sections by their ids, in their order, and whose texts are the headings of the "
        f"sections. A main element holds the three section elements, each with an id, a heading of level 2 and content:\n"
        + "\n".join(told)
        + f"\nAfter main, a footer element holds just the text `{foot}`.",
        framed(top, start + inner + end),
        framed(top, start + other + end),
        tests,
        slips,
    )


def _form(rng: Rng) -> Page:
    action, labels, names = f"/{coined(rng)}", [w.capitalize() for w in coined_words(rng, 5)], coined_words(rng, 5)
    options, button = coined_words(rng, 3), coined(rng).capitalize()
    low, most = rng.randint(2, 9), rng.randint(40, 90)
    kinds: tuple[tuple[str, str, dict[str, str]], ...] = (
        ("a field for an e-mail address that must be filled in", "input", {"type": "email", "required": ""}),
        (
            f"a field for a number from {low} to {low + most}",
            "input",
            {"type": "number", "min": str(low), "max": str(low + most)},
        ),
        (f"a field of several lines for at most {most} characters", "textarea", {"maxlength": str(most)}),
        (
            f"a choice out of {', '.join(options)} (values and texts alike), in a select element, with {options[1]} chosen",
            "select",
            {},
        ),
        ("a check box that is ticked", "input", {"type": "checkbox", "checked": ""}),
    )
    chosen = rng.sample(range(5), 4)
    rows, others, tests, told = [], [], dict[str, Test](), []
    for label, name, (what, tag, attrs) in zip(labels, names, (kinds[n] for n in chosen), strict=False):
        shown = "".join(f' {key}="{value}"' if value else f" {key}" for key, value in attrs.items())
        items = "".join(f'<option value="{o}"{" selected" if o == options[1] else ""}>{o}</option>' for o in options)
        inside = "" if tag == "input" else f"{items if tag == 'select' else ''}</{tag}>"
        rows.append(f'<p><label for="{name}-f">{label}</label> <{tag} id="{name}-f" name="{name}"{shown}>{inside}</p>')
        others.append(f"<div><label>{label}: <{tag} name='{name}'{shown}>{inside}</label></div>")
        told.append(f"{what}, with the name `{name}` and the label `{label}`")
        tests[f"the field {name}"] = _field(name, label, tag, attrs, options)
    tests["the form"] = lambda root: (
        (root.first("form").attrs.get("action"), root.first("form").attrs.get("method", "").lower()) == (action, "post")
    )
    tests["the button"] = lambda root: any(
        node.attrs.get("type", "submit") == "submit" and button in (node.text(), node.attrs.get("value"))
        for node in root.first("form").all("button", "input")
    )
    begin = f'<form action="{action}" method="post">\n'
    return Page(
        f"a form that is sent to `{action}` by POST and holds {'; '.join(told)}; and a button with the text `{button}` that "
        f"sends it. Every label belongs to its field (by for and id, or around it).",
        begin + "\n".join(rows) + f"\n<button>{button}</button>\n</form>",
        begin + "\n".join(others) + f"\n<input type=submit value='{button}'>\n</form>",
        tests,
        {
            "form by GET": ('method="post"', 'method="get"'),
            "label of nothing": (f'for="{names[0]}-f"', f'for="{names[0]}"'),
            "another name": (f'name="{names[1]}"', f'name="{names[1]}2"'),
            "no button": (f"<button>{button}</button>", ""),
        },
    )


def _field(name: str, label: str, tag: str, attrs: Mapping[str, str], options: list[str]) -> Test:
    def test(root: Node) -> bool:
        found = [node for node in root.first("form").all("input", "select", "textarea") if node.attrs.get("name") == name]
        if len(found) != 1 or found[0].tag != tag or label_of(root, found[0]) != label:
            return False
        node = found[0]
        plain = all(key in node.attrs and (not value or node.attrs[key] == value) for key, value in attrs.items())
        items = node.all("option")
        chosen = [o.text() for o in items if "selected" in o.attrs]
        listed = [o.text() for o in items if o.attrs.get("value", o.text()) == o.text()]
        return plain and (tag != "select" or ([o for o in listed if o in options] == options and chosen == [options[1]]))

    return test


def _table(rng: Rng) -> Page:
    caption, *heads = (w.capitalize() for w in coined_words(rng, 4))
    rows = [(name, str(rng.randint(2, 90)), str(rng.randint(2, 90))) for name in coined_words(rng, rng.randint(3, 5))]
    total = ("Total", str(sum(int(row[1]) for row in rows)), str(sum(int(row[2]) for row in rows)))
    head = "".join(f'<th scope="col">{text}</th>' for text in heads)
    body = "\n".join(f"<tr>{''.join(f'<td>{cell}</td>' for cell in row)}</tr>" for row in rows)
    last = f"<tr>{''.join(f'<td>{cell}</td>' for cell in total)}</tr>"
    right = (
        f"<table>\n<caption>{caption}</caption>\n<thead><tr>{head}</tr></thead>\n<tbody>\n{body}\n</tbody>\n<tfoot>{last}</tfoot>\n"
        "</table>"
    )
    return Page(
        f"a table with the caption `{caption}`; a thead with one row of th cells: {', '.join(heads)}; a tbody with the rows "
        f"{'; '.join(', '.join(row) for row in rows)}; and a tfoot with one row: Total, and the sum of each of the two columns "
        f"of numbers.",
        right,
        right.replace("</td>", "").replace("</tr>", "").replace("<td>", "<td class='c'>"),
        {
            "the caption": lambda root: root.first("table").first("caption").text() == caption,
            "the head of the table": lambda root: [th.text() for th in root.first("thead").all("th")] == heads,
            "the rows": lambda root: rows_of(root.first("tbody")) == rows,
            "the totals": lambda root: rows_of(root.first("tfoot")) == [total],
        },
        {
            "row dropped": (body.split("\n")[1], ""),
            "total off by one": (last, last.replace(f"{total[2]}</td></tr>", f"{int(total[2]) + 1}</td></tr>")),
            "no tfoot": ("tfoot>", "tbody>"),
            "a cell too many": (f"<td>{rows[0][0]}</td>", f"<td></td><td>{rows[0][0]}</td>"),
        },
    )


def _drawing(rng: Rng) -> Page:
    w, h = rng.randint(200, 400), rng.randint(100, 190)
    box = {"x": rng.randint(5, 50), "y": rng.randint(5, 40), "width": rng.randint(40, 120), "height": rng.randint(20, 50)}
    r = rng.randint(5, 9)
    ring = {"cx": box["x"] + box["width"] / 2, "cy": box["y"] + box["height"] / 2, "r": r}
    line = {"x1": 0, "y1": h - 20, "x2": w, "y2": h - 20}
    word, a, b = coined(rng), *(f"#{rng.randint(0x101010, 0xEFEFEF):06x}" for _ in range(2))

    def shape(tag: str, attrs: Mapping[str, float], more: str) -> str:
        return f"<{tag} {' '.join(f'{k}={chr(34)}{v:g}{chr(34)}' for k, v in attrs.items())} {more}/>"

    parts = [shape("rect", box, f'fill="{a}"'), shape("circle", ring, f'fill="{b}"'), shape("line", line, 'stroke="black"')]
    right = f'<svg viewBox="0 0 {w} {h}">\n' + "\n".join(parts) + f'\n<text x="10" y="{h - 4}">{word}</text>\n</svg>'

    def has(tag: str, attrs: Mapping[str, float], key: str = "", value: str = "") -> Test:
        def test(root: Node) -> bool:
            found = root.first("svg").all(tag)
            return len(found) == 1 and numbered(found[0], attrs) and found[0].attrs.get(key, "").lower() == value

        return test

    return Page(
        f"an inline SVG whose viewBox is `0 0 {w} {h}`, with just these shapes, given by attributes: a rect with its upper "
        f"left corner at x {box['x']} and y {box['y']}, {box['width']} wide and {box['height']} high, with the fill `{a}`; a "
        f"circle with a radius of {r} whose centre is the centre of that rect, with the fill `{b}`; a black line across the "
        f"whole width of the viewBox, from the left to the right, 20 above its lower edge; and a text element with `{word}`.",
        right,
        f"<figure>{right}</figure>".replace('stroke="black"', "stroke-width='1' stroke='#000'"),
        {
            "the viewBox": lambda root: (
                root.first("svg").attrs.get("viewbox", "").replace(",", " ").split() == ["0", "0", str(w), str(h)]
            ),
            "the rect": has("rect", box, "fill", a),
            "the circle": has("circle", ring, "fill", b),
            "the line": has("line", line),
            "the text": lambda root: root.first("svg").first("text").text() == word,
        },
        {
            "circle in the corner": (f'cx="{ring["cx"]:g}"', f'cx="{box["x"]}"'),
            "line at the edge": (f'y2="{h - 20}"', f'y2="{h}"'),
            "another colour": (f'fill="{a}"', f'fill="{b}"'),
            "rect of another width": (f'width="{box["width"]}"', f'width="{box["width"] + 1}"'),
        },
    )
