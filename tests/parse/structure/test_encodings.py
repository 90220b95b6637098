"""Golden readings: one made-up skill per encoding of a procedure, and per text that looks like one and is none."""

import pytest
from structure_kit import read

ORDERED = """# Invoices

## Workflow

1. Read the invoices in `inbox/`.
2. Compare each total with the ledger.
3. Write the differences to `out.csv`.
"""

STEP_HEADINGS = """# Release

## Step 1: Collect the changes

Read the commits since the last tag.

## Step 2: Draft the notes

Write `NOTES.md` from them.

## Step 3: Publish

Run the publisher:

```bash
publish NOTES.md
```
"""

PHASES = """# Survey

### Phase 1: Gather

- Read the answers in `answers.csv`.
- Remove empty rows.

### Phase 2: Report

- Count the answers per question.
- Write `report.md`.
"""

NUMBERED_HEADINGS = """# Scrubber

Personal data leaves this desk only scrubbed.

## Rules

- Never write to the original file.
- Never send anything.
- Do not open the original file.

## Workflow

### 1. Scrub

Run the scrubber on the file. The result keeps its name.

```bash
python scripts/scrub.py in.csv
```

### 2. Check

Search the result for what looks like an address.

```bash
python scripts/check.py out.csv
```

### 3. Report

Write `report.md` with the number of replacements. Numbers only.
"""

BOLD = """# Photos

## Process

**1. Import the photos.** Copy them from the card.

**2. Sort them.** Move each into the folder of its day.

**3. Back them up.** Copy the folders to the second disk.
"""

TASKS = """# Rotation

## Procedure

- [ ] Create the new key.
- [ ] Deploy it to every host.
- [ ] Revoke the old key.
"""

TABLE = """# Intake

## Procedure

| Step | Action |
|---|---|
| 1 | Read the form |
| 2 | Check the signature |
| 3 | File the form in `archive/` |
"""

NESTED = """# Migration

## Stage 1: Prepare

1. Read the old schema.
2. Write the new schema.

## Stage 2: Move

1. Copy the rows.
2. Compare the counts.
3. Drop the old table.
"""

OVERVIEW = """# Recap

## Workflow

1. Collect the history.
2. Analyze the themes.
3. Write the recap.

### 1. Collect history

Run the exporter.

### 2. Analyze themes

Group the entries by theme.

### 3. Write recap

Write `recap.md`.
"""

SPLIT_LIST = """# Build

## Steps

1. Install the tools:

```bash
setup --all
```

2. Build the site:

```bash
build site
```

3. Copy the site to the server.
"""

PARAGRAPHS = """# Cleaning

## Instructions

First, read the log and find the oldest entry.

Then delete every entry older than thirty days.

Finally, write the number of deleted entries to `log.txt`.
"""

TITLE_SAYS = """# Player SDK

A player for web pages.

## Features

- Small
- Fast

## Quick start (general workflow)

1. Import the library.
2. Create the player.
3. Load the video.
4. Destroy the player.

## Links

- The handbook
- The forum
"""

PSEUDO = """# Sorting

## Procedure

```
1. read the queue from queue.json
2. for each ticket: find its owner
3. write the owners to owners.json
4. report the tickets without an owner
```
"""

MERMAID = """# Triage

## Workflow

```mermaid
flowchart TD
    A[Read the report] --> B[Reproduce the error]
    B --> C{Can it be reproduced?}
    C -->|yes| D[Write a failing test]
    C -->|no| E[Ask the reporter for details]
```
"""

DIGRAPH = """# Review

## Process

```dot
digraph review {
    rankdir=TB;
    read [label="Read the change"];
    test [label="Run the tests"];
    note [label="Write the comments"];
    read -> test -> note;
}
```
"""

COMMENTED = """# Checker

## Step 1: Set up

```bash
# Install the checker
pip install checker

# Start the service
checker serve
```

## Step 2: Run

```python
import checker

# Load the rows
rows = checker.load("rows.csv")

# Save the findings
checker.save(rows, "out.csv")
```
"""

LABELS = """# Layouts

## The process

**Reading the room:**

- Read the plan in `plan.txt`.
- Count the doors.

**Drawing:**

- Draw three layouts.
- Show them to the user.
"""

PROCEDURES = {
    "bullets below bold labels": (LABELS, 1, ["Read the plan", "Count the doors", "Draw three", "Show them"]),
    "ordered list": (ORDERED, 1, ["Read the invoices", "Compare each total", "Write the differences"]),
    "step headings": (STEP_HEADINGS, 3, ["Read the commits", "Write `NOTES.md`", "Run the publisher"]),
    "phase headings": (PHASES, 2, ["Read the answers", "Remove empty", "Count the answers", "Write `report.md`"]),
    "numbered headings": (NUMBERED_HEADINGS, 3, ["Run the scrubber", "Search the result", "Write `report.md`"]),
    "bold numbers": (BOLD, None, ["Import the photos", "Sort them", "Back them up"]),
    "task boxes": (TASKS, 1, ["Create the new key", "Deploy it", "Revoke the old key"]),
    "table rows": (TABLE, 1, ["Read the form", "Check the signature", "File the form"]),
    "numbering that restarts in each stage": (
        NESTED,
        2,
        ["Read the old", "Write the new", "Copy the rows", "Compare the counts", "Drop the old"],
    ),
    "an overview before the details": (OVERVIEW, 3, ["Run the exporter", "Group the entries", "Write `recap.md`"]),
    "a list that fences split": (SPLIT_LIST, 1, ["Install the tools", "Build the site", "Copy the site"]),
    "paragraphs in order": (PARAGRAPHS, 1, ["First, read", "Then delete", "Finally, write"]),
    "a title that says so beside its name": (TITLE_SAYS, 1, ["Import", "Create the player", "Load", "Destroy"]),
    "numbered pseudo-code": (PSEUDO, 1, ["read the queue", "for each ticket", "write the owners", "report the tickets"]),
    "a flowchart": (
        MERMAID,
        1,
        ["Read the report", "Reproduce the error", "Can it be reproduced", "Write a failing test", "Ask the reporter"],
    ),
    "a digraph": (DIGRAPH, 1, ["Read the change", "Run the tests", "Write the comments"]),
    "code whose comments name its parts": (COMMENTED, 2, ["Install the checker", "Start the", "Load the rows", "Save the"]),
}


@pytest.mark.parametrize("name", PROCEDURES)
def test_procedures(name):
    text, stages, wanted = PROCEDURES[name]
    program = read(text).program
    assert program.skill.has_procedure
    assert len(program.steps) == len(wanted), [s.text for s in program.steps]
    for step, words in zip(program.steps, wanted, strict=True):
        assert words in step.text
    if stages is not None:
        assert len(program.scenes) == stages, [s.title for s in program.scenes]


@pytest.mark.parametrize("name", PROCEDURES)
def test_what_stands_around_a_procedure_does_not_unmake_it(name):
    text, _, wanted = PROCEDURES[name]
    around = (
        "\n## API reference\n\n- `get(key)`: the value\n- `put(key, value)`: stores it\n\n"
        "## Related skills\n\n- another-skill\n\n"
        "## Examples\n\n```python\nimport this\n```\n\n"
        "## Best practices\n\n- Keep it small.\n- Avoid copies.\n\n"
        "## Glossary\n\n| word | meaning |\n|---|---|\n| a | b |\n"
    )
    program = read(text + around).program
    assert program.skill.has_procedure
    assert len(program.steps) == len(wanted), [s.text for s in program.steps]


RECIPES = """# Tables

A library for tables.

## Reading a file

```python
table = read("a.csv")
```

## Joining two tables

Use `join` for that:

```python
both = left.join(right)
```

## Writing a file

```python
table.write("b.csv")
```

## Plotting

```python
table.plot()
```

## Grouping

```python
table.group("day").sum()
```
"""

GUIDE = """# Clear prose

You help people write clearly.

## Core principles

- Prefer short words.
- Cut what adds nothing.
- Put the subject near the verb.

## Common mistakes

- Long chains of nouns
- Passive voice without need

## Examples

Before: "An evaluation was performed."

After: "We evaluated it."
"""

PROPERTIES = """# Storage classes

## Classes

1. **Hot**: for data in daily use
2. **Cool**: for data in monthly use
3. **Cold**: for archives

## Key features

- Replication across regions
- Encryption at rest
- Versioned objects
"""

CONTENT = """# Release posts

## Tone

- Friendly, never loud
- No exclamation marks

## Format

- A title of at most eight words
- Two paragraphs
- One link

## Rules

- Always name the version.
- Never promise dates.
"""

DESIGN = """# Workflows in the engine

What the engine knows.

## Best practices

### Workflow design

1. **Single responsibility** - one purpose per workflow
2. **Clear borders** - a workflow orchestrates, an activity works
3. **Determinism** - the same input gives the same output

### Activity design

1. **Idempotence** - safe to run again
2. **Short life** - seconds, not hours
"""

TASKS_API = """# Tasks client

A client for a task service.

## Setup

1. Get a key from the settings page.
2. Export it as `TASKS_KEY`.

## Create task

```bash
curl -X POST https://tasks.invalid/v1/tasks
```

## List tasks

```bash
curl https://tasks.invalid/v1/tasks
```

## Example: workflow

```bash
curl https://tasks.invalid/v1/tasks/1
```

## Errors

| code | meaning |
|---|---|
| 401 | no key |
| 404 | no such task |
"""

NO_PROCEDURE = {
    "a client whose matter is called task": TASKS_API,
    "unrelated recipes": RECIPES,
    "a guide of imperative bullets": GUIDE,
    "lists of properties": PROPERTIES,
    "rules for a text": CONTENT,
    "numbered advice about workflows": DESIGN,
}


@pytest.mark.parametrize("name", NO_PROCEDURE)
def test_no_procedure(name):
    program = read(NO_PROCEDURE[name]).program
    assert not program.skill.has_procedure, [s.text for s in program.steps]
    assert program.scenes == () and program.steps == ()
