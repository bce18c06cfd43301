"""Relative references between two paths."""

from __future__ import annotations

from urllib.parse import urljoin

from hypothesis import given
from hypothesis import strategies as st

from api.middleware.addresses import relative

SEGMENTS = st.lists(st.sampled_from(["a", "b", "c:d", "%2e"]), min_size=1, max_size=4)


@given(SEGMENTS, SEGMENTS, st.sampled_from(["", "/densearch", "/x/y"]), st.booleans())
def test_it_leads_there_below_any_prefix_and_names_no_host(
    here: list[str], there: list[str], prefix: str, ends_in_slash: bool
) -> None:
    slash = "/" if ends_in_slash else ""
    path, target = "/" + "/".join(here) + slash, "/" + "/".join(there)
    found = relative(target, path)
    assert found.startswith(("./", "../"))
    assert urljoin(f"http://h{prefix}{path}", found) == f"http://h{prefix}{target}"
