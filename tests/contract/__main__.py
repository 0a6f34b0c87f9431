"""`python -m tests.contract` writes what docs/integrator/compatibility.md tells of the tests."""

from tests.contract.page import PAGE, written

PAGE.write_text(written())
