"""The cache changes time, never results."""


def answers(skvm, *words):
    return [skvm("check", *words, "--format", form).out for form in ("json", "text", "sarif", "github")]


def test_hit_and_miss_say_the_same(skvm, skill, tmp_path):
    (skill / "SKILL.md").write_text("---\nname: Bad Name\n---\n1. Read `gone.md`.\n2. Go to step 9.\n")
    (skill / "notes.txt").write_text("x")
    fresh = answers(skvm, skill, "--no-cache")
    assert answers(skvm, skill) == fresh
    assert answers(skvm, skill) == fresh


def test_a_changed_byte_is_seen(skvm, skill):
    first = skvm("check", skill, "--format", "json").out
    text = (skill / "SKILL.md").read_text()
    (skill / "SKILL.md").write_text(text.replace("name: tidy-csv", "name: Tidy CSV"))
    second = skvm("check", skill, "--format", "json").out
    assert first != second
    assert second == skvm("check", skill, "--no-cache", "--format", "json").out


def test_a_moved_skill_is_shown_where_it_is(skvm, skill, tmp_path):
    (skill / "SKILL.md").write_text("---\nname: tidy-csv\n---\n1. Read it.\n")
    skvm("check", skill)
    (tmp_path / "elsewhere").mkdir()
    moved = skill.rename(tmp_path / "elsewhere" / skill.name)
    done = skvm("check", moved, "--format", "json").json
    assert done["diagnostics"]
    assert all(d["file"].startswith(str(moved)) for d in done["diagnostics"])


def test_a_broken_cache_is_a_miss(skvm, skill):
    fresh = skvm("check", skill, "--format", "json").out
    for path in (skvm.home / "cache").iterdir():
        path.write_bytes(b"not a database" * 100)
    assert skvm("check", skill, "--format", "json").out == fresh


def test_certificate_is_not_lost(skvm, skill):
    skvm("check", skill)
    for _ in range(2):
        assert skvm("check", skill, "--certify", "--format", "json").json["certificate"]["byte_exact"] is True
