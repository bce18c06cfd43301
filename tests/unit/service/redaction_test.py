"""No password is shown, at any place of a URL and in any message that quotes it."""

from __future__ import annotations

from collections.abc import Iterator
from urllib.parse import unquote_plus

import pytest
import structlog

from densearch.cli import terminal
from densearch.redaction import hide
from service import logs, redaction
from service.errors import SettingsError
from service.redaction import learn, url_shown
from service.settings import Settings, load
from service.storage.database import Database

SECRET = "s3cr3t p@ss/word"  # noqa: S105 - looked for, opens nothing
ENCODED = "s3cr3t%20p%40ss%2Fword"
URLS = [
    f"postgresql://user:{ENCODED}@db:5432/densearch",
    f"postgresql+psycopg://user:{ENCODED}@db/densearch?sslmode=require",
    f"postgresql://db/densearch?user=u&password={ENCODED}",
    f"postgresql://user@db/densearch?sslkey=a&sslpassword={ENCODED}",
    f"postgresql://user@db/densearch?PASSWORD={ENCODED}",
    f"postgresql://user@/densearch?host=db1&host=db2&passfile={ENCODED}",
    f"postgresql://user:{ENCODED}@db/densearch?password={ENCODED}",
]


@pytest.fixture(autouse=True)
def _logs() -> Iterator[None]:
    yield
    structlog.reset_defaults()


def check(text: str) -> None:
    for part in (SECRET, ENCODED, "s3cr3t", "p@ss", "p%40ss"):
        assert part not in text


@pytest.mark.parametrize("url", URLS)
def test_a_url_is_shown_without_its_passwords(url: str) -> None:
    shown = url_shown(url)
    check(shown)
    assert "***" in shown
    assert "/densearch" in shown
    database = Database(url)
    check(database.shown_url)
    check(repr(database) + str(database.url) if "?" not in url else repr(database))
    database.close()


@pytest.mark.parametrize("url", URLS)
def test_words_that_quote_it_lose_it(
    url: str, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setenv("DENSEARCH_DATABASE_URL", url)
    settings = load()
    check(repr(settings))
    assert SECRET in unquote_plus(settings.resolved_database_url)
    quoted = f"connection failed: {url} with {SECRET!r}, {SECRET}"
    check(hide(quoted))
    terminal.echo(quoted)
    for is_json in (False, True):
        logs.configure(settings.model_copy(update={"log_json": is_json}))
        log = structlog.get_logger(f"{url}{is_json}")
        log.error(quoted, error=quoted)
        try:
            _fail(quoted)
        except ValueError:
            log.exception("failed")
    out, err = capsys.readouterr()
    assert "failed" in err
    check(out + err)


def _fail(text: str) -> None:
    raise ValueError(text)


@pytest.mark.parametrize(
    "url",
    [
        "s3cr3t",
        "postgresql://user:s3cr3t@ss:word/x",
        "postgresql://user:s3cr3t@db:port/x",
        "mysql://user:s3cr3t@db/x",
        "://s3cr3t",
    ],
)
def test_what_is_no_url_of_a_database_is_refused_without_quoting_it(
    url: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("DENSEARCH_DATABASE_URL", url)
    with pytest.raises(
        SettingsError, match=r"DENSEARCH_DATABASE_URL: .*percent-encoded"
    ) as caught:
        load()
    check(str(caught.value))
    check(str(caught.value.__cause__))


def test_a_password_that_is_a_name_leaves_words_alone() -> None:
    learn("postgresql://densearch:densearch@db/densearch")
    learn("postgresql://user:pw@db/x")
    assert hide("densearch: pw") == "densearch: pw"
    assert url_shown("postgresql://densearch:densearch@db/x") == "postgresql://densearch:***@db/x"


def test_a_password_that_is_encoded_in_a_way_of_its_own_is_hidden() -> None:
    learn("postgresql://user:p!ss%2fw%6Frd@db/x")
    assert hide("no route to postgresql://user:p!ss%2fw%6Frd@db/x") == (
        "no route to postgresql://user:***@db/x"
    )


@pytest.mark.parametrize("url", URLS)
def test_variables_with_a_copy_of_a_password_are_known(url: str) -> None:
    learn(url)
    secrets = {
        "DENSEARCH_DATABASE_URL": "sqlite:///x",
        "PGPASSWORD": "another",
        "PGPASSFILE": "/home/me/.pgpass",
        "DB_PASSWORD": SECRET,
        "ENCODED": ENCODED,
        "WRITTEN_OTHERWISE": "postgresql://user:s3cr3t%20p%40ss/word@db/x",
        "WITH_PLUS": "postgresql://db/x?user=u&password=s3cr3t+p%40ss%2fword",
        "QUERY": f"postgresql://db/x?sslpassword={ENCODED}&sslkey=a",
        "CONNECTION": f"host=db password='{SECRET}' user=u",
        "JSON": f'{{"password": "{SECRET}"}}',
    }
    harmless = {
        "PATH": "/usr/bin:/bin",
        "LONGER": f"{SECRET}s",
        "FOLDER": f"/srv/{SECRET}/x",
        "DENSEARCH_N_CPUS": "2",
        "EMPTY": "",
    }
    assert redaction.secret_names(secrets | harmless) == secrets.keys()


def test_a_password_that_is_a_name_is_kept_from_processes_too() -> None:
    """No other test learns this one."""
    url = "postgresql://keeper:keeper@db/x"
    assert redaction.secret_names({"COPY": url}) == set()
    Settings(database_url=url)
    assert redaction.secret_names({"COPY": url, "N": "2"}) == {"COPY"}


def test_sqlite_is_shown_as_it_is() -> None:
    assert url_shown("sqlite:////srv/data/densearch.sqlite3").endswith("densearch.sqlite3")
    assert Settings().database_url is None


def test_the_token_of_the_api_is_kept_from_processes_and_texts() -> None:
    token = "of-no-other-test-0123"  # noqa: S105 - of this test
    redaction.learn_token(token)
    secrets = {"DENSEARCH_TOKEN": "x", "densearch_token": "x", "COPY": token, "H": f"key: {token}"}
    assert redaction.secret_names(secrets | {"DENSEARCH_PORT": "1"}) == secrets.keys()
    assert hide(f"Bearer {token}") == "Bearer ***"
