"""What a right answer does with house-style: the rules of the guide applied to one text."""

import re
from datetime import date

from skvm.adapters.simulation.oracle import Call, Done

WORDS = (
    (r"utili[sz]e", "use"),
    (r"in order to", "to"),
    (r"please be advised that ", ""),
    (r"commence", "start"),
    (r"prior to", "before"),
    (r"approximately", "about"),
    (r"at this point in time", "now"),
    (r"due to the fact that", "because"),
    (r"in the event that", "if"),
    (r"endeavour to", "try to"),
    (r"functionality", "feature"),
)
DIGITS = ("zero", "one", "two", "three", "four", "five", "six", "seven", "eight", "nine")


def like(found, new):
    """The replacement with the capital of what it replaces."""
    return new[:1].upper() + new[1:] if found.group()[:1].isupper() else new


def long_date(found):
    day = date.fromisoformat(found.group())
    return f"{day.day} {day:%B} {day.year}"


def clock(found):
    hour = int(found.group(1)) % 12 + (12 if found.group(3) == "pm" else 0)
    return f"{hour:02d}:{found.group(2)}"


def styled(text):
    for old, new in WORDS:
        text = re.sub(old, lambda found, new=new: like(found, new), text, flags=re.IGNORECASE)
    text = re.sub(r"\d{4}-\d\d-\d\d", long_date, text)
    text = re.sub(r"\b(\d{1,2}):(\d\d) ?(am|pm)", clock, text)
    text = re.sub(r"\b\d{5,}\b", lambda found: f"{int(found.group()):,}", text)
    text = re.sub(r"\b(\d) (hours|customers|days)", lambda found: f"{DIGITS[int(found.group(1))]} {found.group(2)}", text)
    text = text.replace("!", ".")
    text = re.sub(r"(^|[.] )([a-z])", lambda found: found.group(1) + found.group(2).upper(), text, flags=re.MULTILINE)
    return re.sub(r"^(#+ )(.)(.*)$", lambda f: f.group(1) + f.group(2).upper() + f.group(3).lower(), text, flags=re.MULTILINE)


def rewrite(ctx):
    name = ctx.said(r"\b([\w-]+\.md)")
    yield Call("read_file", {"path": name})
    yield Call("write_file", {"path": f"out/{name}", "content": styled(ctx.read(name))})
    return Done({"file": f"out/{name}"}, f"The text in house style is in out/{name}.")


STEPS = {"*": rewrite}
