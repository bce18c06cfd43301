from __future__ import annotations

from pathlib import Path

import pytest
from sqlalchemy.engine import make_url

from densearch import redaction
from service.errors import SettingsError
from service.settings import load


def test_the_environment_is_read_and_arguments_win(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("DENSEARCH_PORT", "9001")
    monkeypatch.setenv("DENSEARCH_HOST", "::1")
    settings = load(port=9002, data_dir=None)
    assert (settings.port, settings.host, settings.data_dir) == (9002, "::1", Path("data"))


@pytest.mark.parametrize("name", ["DENSEARCH_PROT", "DENSEARCH_DATABSE_URL", "densearch_x"])
def test_a_misspelt_variable_is_refused_by_name(
    monkeypatch: pytest.MonkeyPatch, name: str
) -> None:
    monkeypatch.setenv(name, "1")
    with pytest.raises(SettingsError, match=rf"unknown setting {name}.*DENSEARCH_PORT"):
        load()


def test_an_unusable_value_names_its_variable(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("DENSEARCH_PORT", "70000")
    with pytest.raises(SettingsError, match=r"DENSEARCH_PORT: .*65535"):
        load()


def test_hosts_are_read_as_a_list_and_a_useless_one_is_named(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setenv("DENSEARCH_ALLOWED_HOSTS", "api, Lab.example.org,,*.example.org ")
    assert load().allowed_hosts == ("api", "lab.example.org", "*.example.org")
    monkeypatch.setenv("DENSEARCH_ALLOWED_HOSTS", "")
    assert load().allowed_hosts == ()
    monkeypatch.setenv("DENSEARCH_ALLOWED_HOSTS", "http://lab.example.org")
    with pytest.raises(SettingsError, match=r"DENSEARCH_ALLOWED_HOSTS: .*http://lab.example.org"):
        load()


def test_a_password_is_not_shown(monkeypatch: pytest.MonkeyPatch) -> None:
    url = "postgresql://user:secret@db/densearch"
    monkeypatch.setenv("DENSEARCH_DATABASE_URL", url)
    settings = load()
    assert "secret" not in repr(settings)
    assert settings.resolved_database_url == url


def test_a_token_is_a_secret_that_a_header_can_carry(monkeypatch: pytest.MonkeyPatch) -> None:
    assert load().token is None
    token = "Zq7~._+/-" * 2 + "=="
    monkeypatch.setenv("DENSEARCH_TOKEN", token)
    settings = load()
    assert settings.token is not None
    assert settings.token.get_secret_value() == token
    assert token not in repr(settings)
    assert redaction.hide(f"failed with {token}") == "failed with ***"


@pytest.mark.parametrize(
    ("token", "said"),
    [
        ("", "has 0 characters"),
        ("x" * 15, "has 15 characters"),
        ("x" * 513, "has 513 characters"),
        ("two words are no token", "letters, digits"),
        ("a line's end as well\n", "letters, digits"),
        ("\u00e9" * 20, "letters, digits"),
    ],
)
def test_a_token_that_nobody_could_send_is_refused_and_not_shown(
    monkeypatch: pytest.MonkeyPatch, token: str, said: str
) -> None:
    monkeypatch.setenv("DENSEARCH_TOKEN", token)
    with pytest.raises(SettingsError, match=rf"^DENSEARCH_TOKEN: .*{said}") as refused:
        load()
    assert not token or token not in str(refused.value)


def test_an_address_of_another_database_is_named(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("DENSEARCH_DATABASE_URL", "mysql://user:secret@db/densearch")
    with pytest.raises(SettingsError, match=r"^DENSEARCH_DATABASE_URL: is an address of MySQL"):
        load()


def test_a_data_directory_may_have_any_name(tmp_path: Path) -> None:
    settings = load(data_dir=tmp_path / "a%20b?c@d")
    assert make_url(settings.resolved_database_url).database == str(settings.sqlite_path)


def test_sqlite_lies_in_the_data_directory(tmp_path: Path) -> None:
    url = load(data_dir=tmp_path).resolved_database_url
    assert url == f"sqlite:///{tmp_path}/densearch.sqlite3"


def test_a_public_url_is_read_and_a_useless_one_is_named(monkeypatch: pytest.MonkeyPatch) -> None:
    assert load().public_address is None
    for text, origin, prefix in (
        ("https://Lab.example.org", "https://lab.example.org", ""),
        ("https://lab.example.org:443/", "https://lab.example.org", ""),
        ("http://lab.example.org:8000/a/b-c/", "http://lab.example.org:8000", "/a/b-c"),
        ("https://[0:0::1]:8443/densearch", "https://[::1]:8443", "/densearch"),
        ("https://b\u00fccher.example/d", "https://xn--bcher-kva.example", "/d"),
    ):
        monkeypatch.setenv("DENSEARCH_PUBLIC_URL", text)
        found = load().public_address
        assert found is not None
        assert (found.origin, found.prefix) == (origin, prefix)
    for text in (
        *("lab.example.org", "ftp://lab.example.org", "https://", "https://lab.example.org:0"),
        *("https://me:secret@lab.example.org", "https://h/?", "https://h/#a", "https://h/a b"),
        *("https://h/%2e", "https://h/../a", "https://h//a", "https://h:99999", "https://1.2.3/"),
    ):
        monkeypatch.setenv("DENSEARCH_PUBLIC_URL", text)
        with pytest.raises(SettingsError, match=r"DENSEARCH_PUBLIC_URL: .*example.org") as refusal:
            load()
        assert "secret" not in str(refusal.value)
    monkeypatch.setenv("DENSEARCH_PUBLIC_URL", "")
    assert load().public_address is None


def test_proxies_are_addresses_and_networks(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("DENSEARCH_TRUSTED_PROXIES", "127.0.0.1, 10.0.0.0/8 ::1")
    assert load().trusted_proxies == ("127.0.0.1/32", "10.0.0.0/8", "::1/128")
    monkeypatch.setenv("DENSEARCH_TRUSTED_PROXIES", "proxy.lan")
    with pytest.raises(SettingsError, match=r"DENSEARCH_TRUSTED_PROXIES: .*'proxy.lan'"):
        load()
