"""Stages and steps in the encodings authors use."""

from structure_kit import read, steps

from skvm.ir import StepEncoding


def encodings(text):
    return {s.encoding for s in read(text).program.steps}


def test_numbered_list_under_a_workflow_heading():
    text = "# T\n\n## Workflow\n\n1. Read the sales table.\n2. Compare it with last month.\n3. Write the report.\n"
    program = read(text).program
    assert program.skill.has_procedure
    assert [s.id for s in program.steps] == ["S1.s1", "S1.s2", "S1.s3"]
    assert [s.title for s in program.scenes] == ["Workflow"]
    assert {s.encoding for s in program.steps} == {StepEncoding.ORDERED_ITEM}
    assert [s.number for s in program.steps] == ["1", "2", "3"]


def test_step_headings_are_stages_and_a_fence_belongs_to_the_sentence_before_it():
    text = (
        "# T\n\n## Step 1: Collect\n\nRun the collector:\n\n```bash\ncollect --all\n```\n\n"
        "## Step 2: Check\n\nVerify that every file is there.\n\n## Step 3: Report\n\nWrite the summary to `out.md`.\n"
    )
    program = read(text).program
    assert [s.title for s in program.scenes] == ["Collect", "Check", "Report"]
    assert [s.number for s in program.scenes] == ["1", "2", "3"]
    first = program.steps[0]
    assert first.text.startswith("Run the collector:") and first.text.endswith("```")
    assert [s.type.value for s in program.scenes] == ["ACQUIRE", "VERIFY", "FINALIZE"]


def test_numbered_headings_under_a_process_are_stages():
    text = (
        "# T\n\n## Process\n\n### 1. Load the data\n\nRead `in.csv` into a table.\n\n### 2. Clean it\n\nRemove empty rows.\n\n"
        "### 3. Save it\n\nWrite `out.csv`.\n"
    )
    assert [s.title for s in read(text).program.scenes] == ["Load the data", "Clean it", "Save it"]


def test_bold_numbers_are_steps():
    text = (
        "# T\n\n## Workflow\n\n**Step 1: Open the sheet.** Choose the newest one.\n\n**Step 2: Export it.** Save it as CSV.\n\n"
        "**Step 3: Send it.** Mail it to the owner.\n"
    )
    assert len(read(text).program.steps) == 3


def test_task_boxes_in_a_workflow_are_steps():
    text = "# T\n\n## Workflow\n\n- [ ] Read the log\n- [ ] Fix the error\n- [x] Run the tests\n"
    assert encodings(text) == {StepEncoding.TASK_BOX}


def test_tags_open_sections():
    text = (
        "# T\n\n<workflow>\n\n1. Read the page.\n2. Extract the prices.\n3. Write `prices.csv`.\n\n</workflow>\n\nMore text.\n"
    )
    program = read(text).program
    assert [s.title for s in program.scenes] == ["workflow"]
    assert len(program.steps) == 3


def test_a_reference_has_no_procedure():
    text = (
        "# Client library\n\n## Features\n\n- Fast parsing\n- Small files\n- Typed rows\n\n## Options\n\n"
        "| name | meaning |\n|---|---|\n"
        "| a | first |\n| b | second |\n\n## Examples\n\n```python\nimport x\n```\n"
    )
    program = read(text).program
    assert not program.skill.has_procedure
    assert program.scenes == () and program.steps == ()


def test_triggers_examples_and_rules_hold_no_steps():
    text = (
        "# T\n\n## When to use\n\n- Convert a table\n- Merge two tables\n\n## Workflow\n\n1. Read the table.\n2. Convert it.\n"
        "3. Write the result.\n\n## Rules\n\n- Never change the input.\n\n## Examples\n\n"
        "1. Run it on `a.csv`.\n2. Run it on `b.csv`.\n"
    )
    assert steps(text) == ["1. Read the table.", "2. Convert it.", "3. Write the result."]


def test_a_restarted_number_is_a_step_all_the_same():
    text = (
        "# T\n\n## Workflow\n\n1. Read the file.\n\nSome words on why.\n\n2. Check the file.\n\nMore words.\n\n"
        "3. Write the file.\n"
    )
    assert [line[:2] for line in steps(text)] == ["1.", "2.", "3."]


def test_subsections_of_a_numbered_stage_belong_to_it():
    text = (
        "# T\n\n## Phase 1: Search\n\n### Mail\n\nSearch the mail.\n\n### Chat\n\nSearch the chat.\n\n"
        "### Tickets\n\nSearch the tickets.\n\n"
        "## Phase 2: Report\n\nWrite what was found.\n"
    )
    program = read(text).program
    assert [s.title for s in program.scenes] == ["Search", "Report"]
    assert len([s for s in program.steps if s.scene == "S1"]) == 3


def test_a_flow_told_twice_is_one_flow():
    text = (
        "# T\n\n## Workflow\n\n1. Collect the history.\n2. Analyze the themes.\n3. Write the recap.\n\n"
        "### 1. Collect history\n\nRun the exporter.\n\n### 2. Analyze themes\n\nGroup the entries.\n\n"
        "### 3. Write recap\n\nWrite `recap.md`.\n"
    )
    titles = [s.title for s in read(text).program.scenes]
    assert titles[-3:] == ["Collect history", "Analyze themes", "Write recap"]
    assert len(read(text).program.steps) == 3


def test_keys_survive_edits_elsewhere_and_tell_equal_steps_apart():
    body = "## Workflow\n\n1. Run the tests.\n2. Fix the code.\n3. Run the tests.\n"
    before = [s.key for s in read("# T\n\n" + body).program.steps]
    after = [s.key for s in read("# T\n\nA new introduction.\n\n" + body).program.steps]
    assert before == after
    assert len(set(before)) == 3


def test_knowledge_names_the_steps_that_refer_to_it():
    text = (
        "# T\n\n## Workflow\n\n1. Choose the format, see Output Formats Table.\n2. Write the file.\n3. Check the file.\n\n"
        "## Output Formats Table\n\n| a | b |\n|---|---|\n| 1 | 2 |\n"
    )
    program = read(text).program
    unit = next(k for k in program.knowledge if k.title == "Output Formats Table")
    assert unit.steps == ("S1.s1",)


def test_a_stage_may_go_on_behind_the_stages_inside_it():
    text = (
        "# T\n\n## Stage 1: Draft\n\nAsk the user for the topic.\n\n### Step 1: Outline\n\nWrite the outline.\n\n"
        "### Step 2: Text\n\nWrite the text.\n\n### Closing\n\nShow the draft to the user.\n\n"
        "## Stage 2: Review\n\nRead the draft again.\n"
    )
    program = read(text).program
    assert [s.title for s in program.scenes] == ["Draft", "Outline", "Text", "Review"]
    assert [s.parent for s in program.scenes] == [None, "S1", "S1", None]
