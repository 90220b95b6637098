import pytest

pytest.register_assert_rewrite(
    "skvm.testing.conformance.sandbox", "skvm.testing.conformance.model", "skvm.testing.conformance.engine"
)
