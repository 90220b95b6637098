"""What counts as contact data. Order matters: card numbers before phone numbers. A date is not a phone number."""

import re

PATTERNS = {
    "email": re.compile(r"[A-Za-z0-9._%+-]+@[A-Za-z0-9-]+(?:\.[A-Za-z0-9-]+)+"),
    "card": re.compile(r"\b(?:\d{4}[ -]){3}\d{4}\b"),
    "phone": re.compile(r"(?<![\w.])(?!\d{4}-\d{2}-\d{2}\b)(?:\+\d{1,3}[ -]?)?(?:\(\d{2,4}\)[ -]?)?\d{2,4}(?:[ -]\d{2,4}){2,3}\b"),
}
