#!/usr/bin/env python3
"""Text of a PDF: with pdftotext or pypdf where they are there, else from uncompressed text streams."""

import argparse
import os
import re
import shutil
import subprocess
import sys


def with_pdftotext(path: str) -> str:
    return subprocess.run(["pdftotext", "-layout", path, "-"], check=True, capture_output=True, text=True).stdout


def with_pypdf(path: str) -> str:
    import pypdf

    return "\n".join(page.extract_text() for page in pypdf.PdfReader(path).pages)


def plain(path: str) -> str:
    """Strings shown by `Tj` and `'` in streams that are not compressed; `T*` and `Td` begin a line."""
    with open(path, "rb") as handle:
        data = handle.read()
    lines = []
    for stream in re.findall(rb"stream\r?\n(.*?)\r?\nendstream", data, re.DOTALL):
        for text in re.findall(rb"\(((?:\\.|[^\\()])*)\)\s*(?:Tj|')", stream):
            lines.append(re.sub(rb"\\(.)", rb"\1", text).decode("latin-1"))
    return "\n".join(lines) + "\n"


def extract(path: str) -> tuple[str, str]:
    if shutil.which("pdftotext"):
        return with_pdftotext(path), "pdftotext"
    try:
        return with_pypdf(path), "pypdf"
    except ImportError:
        return plain(path), "plain"


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("pdf")
    parser.add_argument("--out", required=True)
    args = parser.parse_args()
    with open(args.pdf, "rb") as handle:
        if not handle.read(5).startswith(b"%PDF-"):
            print(f"{args.pdf} is not a PDF", file=sys.stderr)
            return 1
    text, how = extract(args.pdf)
    if not text.strip():
        print("no text found; the file may be a scan, or compressed (install pypdf)", file=sys.stderr)
        return 1
    os.makedirs(os.path.dirname(args.out) or ".", exist_ok=True)
    with open(args.out, "w", encoding="utf-8") as handle:
        handle.write(text)
    print(f"{len(text.split())} words, read with {how}")
    return 0


if __name__ == "__main__":
    sys.exit(main())
