"""Parameters of other programs: renamed, left out, or refused by name."""

from __future__ import annotations

import pytest

from service.database_parameters import check_sqlite, translated


@pytest.mark.parametrize(
    ("given", "expected"),
    [
        ({"sslmode": "no-verify"}, {"sslmode": "require"}),
        ({"ssl": "true"}, {"sslmode": "require"}),
        ({"ssl": "off"}, {"sslmode": "disable"}),
        ({"ssl": "verify-full", "sslrootcert": "system"},
         {"sslmode": "verify-full", "sslrootcert": "system"}),
        ({"ssl": "false", "sslmode": "require"}, {"sslmode": "require"}),
        ({"channel_binding": "require"}, {"channel_binding": "require"}),
        ({"connectTimeout": "10", "ApplicationName": "a"},
         {"connect_timeout": "10", "application_name": "a"}),
        ({"charset": "utf8mb4", "serverVersion": "16"}, {"client_encoding": "utf8"}),
        ({"schema": "public", "pgbouncer": "true", "statement_cache_size": "0"}, {}),
        ({"schema": "my own", "options": "-c a=b", "statement_timeout": "9"},
         {"options": r"-c search_path=my\ own -c a=b -c statement_timeout=9"}),
        ({"sslcert": "", "unknown": ""}, {}),
    ],
)  # fmt: skip
def test_names_become_those_of_libpq(given: dict[str, str], expected: dict[str, str]) -> None:
    assert translated(given.items()) == expected


def test_an_unknown_name_is_refused_with_the_one_that_may_be_meant() -> None:
    with pytest.raises(ValueError, match=r'"chanel_binding".*write channel_binding, or remove it'):
        translated([("chanel_binding", "require")])
    with pytest.raises(ValueError, match=r'"sslaccept".*remove it'):
        translated([("sslaccept", "strict")])
    with pytest.raises(ValueError, match=r'a value of "ssl" that is none of disable'):
        translated([("ssl", "{}")])


def test_a_parameter_that_changes_what_a_file_is_is_refused() -> None:
    check_sqlite({"timeout": "5", "mode": "rwc", "_journal_mode": "WAL"})
    with pytest.raises(ValueError, match=r'"immutable"'):
        check_sqlite({"immutable": "1"})
