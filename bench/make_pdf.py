"""Writes the tiny PDFs that example skills use as input: Helvetica, uncompressed text. `python bench/make_pdf.py`."""

from __future__ import annotations

from pathlib import Path

SKILLS = Path(__file__).resolve().parent / "skills"

CONTRACTS = {
    "hosting_2025.pdf": [
        "SERVICE AGREEMENT",
        "between Lindenhof Verlag (the Customer)",
        "and Brightwater Hosting Ltd (the Supplier).",
        "1. This agreement commences on 1 April 2025.",
        "2. The Customer pays an annual fee of EUR 4,800.00.",
        "3. It may be terminated with three months' notice",
        "   to the end of the first year.",
    ],
    "cleaning.pdf": [
        "Contract for office cleaning",
        "Provider: Sauber & Mehr KG",
        "Start date: 2025-06-15",
        "Yearly fee: 7260.00",
        "Notice period: 1 month",
        "Keys (two) are handed over on the first day.",
    ],
    "scanner_lease.pdf": [
        "EQUIPMENT LEASE",
        "between Lindenhof Verlag (the Customer)",
        "and Copperline Leasing Inc (the Supplier).",
        "The lease commences on 31 August 2024.",
        "An annual fee of USD 1,149.60 is due in advance.",
        "It may be terminated with six months' notice.",
    ],
}


FILES: dict[str, dict[str, list[list[str]]]] = {
    "pdf-contracts": {name: [lines] for name, lines in CONTRACTS.items()},
    "pdf-extract": {
        "minutes_may.pdf": [
            ["Minutes of 12 May", "Present: Ada, Bram, Chi", "Topic: the roof"],
            ["Decided: three offers by June"],
        ],
        "allotment.pdf": [["Rules of the allotment", "Water is turned off in November."]],
    },
    "pdf-merge": {
        "cover.pdf": [["Yearly report", "Rowing club"]],
        "figures.pdf": [["Members: 84"], ["Boats: 11"], ["Races: 6"]],
        "appendix.pdf": [["Addresses"], ["Statutes"]],
    },
}
"""Pages of each file of each skill."""


def pdf(*pages: list[str]) -> bytes:
    """Bytes of a PDF 1.4 with the lines of each page and a correct cross-reference table."""
    first = 4
    kids = [f"{first + 2 * at} 0 R" for at in range(len(pages))]
    bodies = [
        "<< /Type /Catalog /Pages 2 0 R >>",
        f"<< /Type /Pages /Kids [{' '.join(kids)}] /Count {len(pages)} >>",
        "<< /Type /Font /Subtype /Type1 /BaseFont /Helvetica /Encoding /WinAnsiEncoding >>",
    ]
    for at, lines in enumerate(pages):
        content = _shown(lines)
        place = f"/MediaBox [0 0 595 842] /Contents {first + 2 * at + 1} 0 R /Resources << /Font << /F1 3 0 R >> >>"
        bodies.append(f"<< /Type /Page /Parent 2 0 R {place} >>")
        bodies.append(f"<< /Length {len(content)} >>\nstream\n{content}\nendstream")
    out, offsets = "%PDF-1.4\n", []
    for number, body in enumerate(bodies, 1):
        offsets.append(len(out))
        out += f"{number} 0 obj\n{body}\nendobj\n"
    table = "".join(f"{offset:010d} 00000 n \n" for offset in offsets)
    end = f"trailer\n<< /Size {len(bodies) + 1} /Root 1 0 R >>\nstartxref\n{len(out)}\n%%EOF\n"
    return f"{out}xref\n0 {len(bodies) + 1}\n0000000000 65535 f \n{table}{end}".encode("latin-1")


def _shown(lines: list[str]) -> str:
    escaped = [line.replace("\\", r"\\").replace("(", r"\(").replace(")", r"\)") for line in lines]
    return "BT /F1 12 Tf 72 760 Td 16 TL\n" + "\n".join(f"({line}) Tj T*" for line in escaped) + "\nET"


if __name__ == "__main__":
    for skill, files in FILES.items():
        for name, pages in files.items():
            (SKILLS / skill / "tasks" / "files" / name).write_bytes(pdf(*pages))
