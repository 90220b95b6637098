"""`doctor` says whether commands can be let out to granted hosts, after proving it."""

import pytest


@pytest.mark.parametrize("sandbox", ["bubblewrap", "landlock"])
def test_the_way_out_is_proved(skvm, sandbox):
    done = skvm("doctor", "--format", "json", env={"SKVM_SANDBOX": sandbox})
    rows = {row["what"]: row for row in done.json["checks"]}
    if not rows["sandbox"]["ok"]:
        assert done.code == 3 and "hosts for commands" not in rows
        pytest.skip(f"{sandbox} does not prove itself here")
    row = rows["hosts for commands"]
    assert sandbox in row["detail"] and not row["needed"]
    assert row["ok"] or row["help"]
