#!/usr/bin/env python3
"""Compare an invoice with its own lines and with the order book; write the findings as JSON."""

import argparse
import csv
import json
import os
import sys
from decimal import Decimal


def findings(invoice: dict, orders: list[dict]) -> dict:
    lines = sum((Decimal(str(line["quantity"])) * Decimal(line["price"]) for line in invoice["lines"]), Decimal("0"))
    total = Decimal(invoice["total"])
    order = next((row for row in orders if row["order"] == invoice.get("order")), None)
    difference = total - lines
    if difference == 0 and order is not None:
        difference = total - Decimal(order["amount"])
    paid = {(row["supplier"], number) for row in orders for number in row["invoiced"].split()}
    return {
        "invoice": invoice["number"],
        "supplier": invoice["supplier"],
        "total": f"{total:.2f}",
        "lines": f"{lines:.2f}",
        "difference": f"{difference:.2f}",
        "supplier_known": any(row["supplier"] == invoice["supplier"] for row in orders),
        "duplicate": (invoice["supplier"], invoice["number"]) in paid,
    }


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("invoice")
    parser.add_argument("--orders", required=True)
    parser.add_argument("--out", required=True)
    args = parser.parse_args()
    with open(args.invoice, encoding="utf-8") as handle:
        invoice = json.load(handle)
    with open(args.orders, newline="", encoding="utf-8") as handle:
        orders = list(csv.DictReader(handle))
    found = findings(invoice, orders)
    os.makedirs(os.path.dirname(args.out) or ".", exist_ok=True)
    with open(args.out, "w", encoding="utf-8") as handle:
        json.dump(found, handle, indent=1)
    print(json.dumps(found))
    return 0


if __name__ == "__main__":
    sys.exit(main())
