"""Writes the tiny PDFs that pdf-contracts uses as input: one page, Helvetica, uncompressed text. `python bench/make_pdf.py`."""

from __future__ import annotations

from pathlib import Path

FOLDER = Path(__file__).resolve().parent / "skills" / "pdf-contracts" / "tasks" / "files"

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


def pdf(lines: list[str]) -> bytes:
    """Bytes of a PDF 1.4 with the lines on one page and a correct cross-reference table."""
    shown = [line.replace("\\", r"\\").replace("(", r"\(").replace(")", r"\)") for line in lines]
    content = "BT /F1 12 Tf 72 760 Td 16 TL\n" + "\n".join(f"({line}) Tj T*" for line in shown) + "\nET"
    bodies = [
        "<< /Type /Catalog /Pages 2 0 R >>",
        "<< /Type /Pages /Kids [3 0 R] /Count 1 >>",
        "<< /Type /Page /Parent 2 0 R /MediaBox [0 0 595 842] /Contents 4 0 R /Resources << /Font << /F1 5 0 R >> >> >>",
        f"<< /Length {len(content)} >>\nstream\n{content}\nendstream",
        "<< /Type /Font /Subtype /Type1 /BaseFont /Helvetica /Encoding /WinAnsiEncoding >>",
    ]
    out, offsets = "%PDF-1.4\n", []
    for number, body in enumerate(bodies, 1):
        offsets.append(len(out))
        out += f"{number} 0 obj\n{body}\nendobj\n"
    table = "".join(f"{offset:010d} 00000 n \n" for offset in offsets)
    end = f"trailer\n<< /Size {len(bodies) + 1} /Root 1 0 R >>\nstartxref\n{len(out)}\n%%EOF\n"
    return f"{out}xref\n0 {len(bodies) + 1}\n0000000000 65535 f \n{table}{end}".encode("latin-1")


if __name__ == "__main__":
    for name, lines in CONTRACTS.items():
        (FOLDER / name).write_bytes(pdf(lines))
