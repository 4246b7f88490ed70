"""Which licences each profile may carry."""

from __future__ import annotations

import pytest

from grandrounds.licences import allowed

OPEN = ["CC0-1.0", "CC-BY-4.0", "CC-BY-3.0-US", "CC-BY-SA-4.0", "LicenseRef-CC-BY", "MIT", "Apache-2.0"]
NON_COMMERCIAL = ["CC-BY-NC-4.0", "CC-BY-NC-SA-3.0-IGO", "LicenseRef-CC-BY-NC"]
NO_DERIVATIVES = ["CC-BY-ND-4.0", "CC-BY-NC-ND-4.0", "LicenseRef-CC-BY-ND", "LicenseRef-CC-BY-NC-ND"]
OTHER = ["LicenseRef-publisher", "CC-BY-4.0x", "xCC-BY-4.0", "CC-BY-4.0\n", "GPL-3.0-only"]
NOTHING = ["unknown", ""]


@pytest.mark.parametrize(
    ("profile", "yes", "no"),
    [
        ("open", OPEN, NON_COMMERCIAL + NO_DERIVATIVES + OTHER + NOTHING),
        ("non_commercial", OPEN + NON_COMMERCIAL, NO_DERIVATIVES + OTHER + NOTHING),
        ("private", OPEN + NON_COMMERCIAL + NO_DERIVATIVES + OTHER, NOTHING),
    ],
)
def test_a_profile_carries_what_it_may_and_nothing_else(profile, yes, no):
    assert [licence for licence in yes if not allowed(licence, profile=profile)] == []
    assert [licence for licence in no if allowed(licence, profile=profile)] == []
