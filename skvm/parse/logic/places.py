"""Places as `skvm.ir.effects` means them, out of words of commands and prose."""

from __future__ import annotations

import re

_FILE = re.compile(
    r"(?a)(?:~|\.{1,2}|\$\{?\w+\}?|\{\w+\}|<[\w -]+>)?/?(?:[\w.@{}<>$*-]+/)*[\w.@{}<>$*-]*\.[A-Za-z0-9*{}]{1,12}\Z"
    r"|(?:~|\.{1,2}|[\w.${}<>-]+)(?:/[\w.@{}<>$*-]+)*/\Z",
    re.ASCII,
)
_NOT_FILES = re.compile(
    r"(?a)\A(?:\d+(?:\.\d+)*|v\d[\w.]*|e\.g\.?|i\.e\.?|[a-z]+\.[a-z_]+\(.*|[A-Z][a-z]+\.(?:js|io|ai|net))\Z"
)
_EXT = re.compile(
    r"(?a)\.(?:mdx?|py|sh|[cm]?[jt]sx?|jsonl?|ya?ml|toml|txt|csv|tsv|html?|css|sql|xml|pdf|docx?|xlsx?|pptx?|png|jpe?g|svg|gif"
    r"|env|lock|log|ipynb|cfg|ini|parquet|h5ad|loom|zip|tar|gz|mp[34]|wav|mov|db|sqlite|tmpl|rs|go|rb|java|kt|swift|c|cpp|h"
    r"|cs|php|tf|hcl|proto|graphql|bib|tex|srt|vtt)\Z",
    re.IGNORECASE,
)


def place_of(text: str) -> str:
    """Normal form of a path: no leading `./`; a last part without a dot is a folder and ends in `/`."""
    text = text.strip().removeprefix("./") or "./"
    if text in (".", "./", "*", "**"):
        return "**" if "*" in text else "./"
    last = text.rsplit("/", 1)[-1]
    return text + "/" if last and "." not in last and "*" not in last and ":" not in text and "$" not in last else text


def is_path(code: str) -> bool:
    """Does inline code or a bare word name a file or folder?"""
    if not code or len(code) > 200 or " " in code or "://" in code or "(" in code or _NOT_FILES.match(code):
        return False
    return bool(_FILE.match(code)) and (code.endswith("/") or bool(_EXT.search(code)) or code.startswith("."))


def is_open(place: str) -> bool:
    """Is a part of the place left open (a variable or a placeholder), so that it may be any path?"""
    return bool(re.search(r"(?a)\$|<[^<>]*>|\{[^{}]*\}|\[[A-Za-z][^\[\]]*\]", place))
