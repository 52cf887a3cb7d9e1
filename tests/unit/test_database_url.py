from pathlib import Path

import pytest

from wand_orchestrator.errors import ConfigurationError
from wand_orchestrator.settings import Settings
from wand_orchestrator.storage.engine.url import PostgresqlUrl, SqliteUrl, parse_database_url


@pytest.mark.parametrize(
    ("text", "path"),
    [
        ("sqlite:///wand.db", Path.cwd() / "wand.db"),
        ("sqlite:////var/lib/wand.db", Path("/var/lib/wand.db")),
        ("SQLite:///wand.db", Path.cwd() / "wand.db"),
        ("some/where.db", Path.cwd() / "some/where.db"),
        ("/var/lib/wand.db", Path("/var/lib/wand.db")),
        ("sqlite:////odd?name%20#1.db", Path("/odd?name%20#1.db")),
        ("~/wand.db", Path.home() / "wand.db"),
    ],
)
def test_a_path_with_or_without_the_sqlite_scheme_is_an_absolute_file(text: str, path: Path) -> None:
    assert parse_database_url(text) == SqliteUrl(path)


def test_the_default_lies_in_the_data_folder(tmp_path: Path) -> None:
    url = Settings(data_dir=tmp_path).effective_database_url
    assert parse_database_url(url) == SqliteUrl(tmp_path / "wand.db")


@pytest.mark.parametrize("scheme", ["postgresql", "postgres", "postgresql+psycopg", "Postgres"])
def test_every_spelling_of_postgresql_goes_through_psycopg(scheme: str) -> None:
    parsed = parse_database_url(f"{scheme}://wand:p%40ss@db.example:5433/wand?sslmode=require")
    assert isinstance(parsed, PostgresqlUrl)
    assert parsed.url.drivername == "postgresql+psycopg"
    assert (parsed.url.host, parsed.url.port, parsed.url.database) == ("db.example", 5433, "wand")
    assert parsed.password == "p@ss"
    assert parsed.url.query == {"sslmode": "require"}


@pytest.mark.parametrize(
    "text",
    [
        "",
        "   ",
        "sqlite://",
        "sqlite:///",
        "sqlite://relative.db",
        "sqlite:wand.db",
        "sqlite:///:memory:",
        ":memory:",
        "sqlite:///file:wand.db?mode=memory",
        "file:wand.db",
        "mysql://wand:hunter2@db.example/wand",
        "postgresql+asyncpg://wand:hunter2@db.example/wand",
        "postgresql://wand:hunter2@db.example:port/wand",
        "postgresql://wand:hunter2@db.example:99999999/wand",
        "postgresql://wand:hunter2@db.example/wand?colour=blue",
        "postgresql:wand:hunter2@db.example",
        "https://wand:hunter2@db.example",
    ],
)
def test_any_other_url_is_refused_with_what_is_allowed_and_without_the_password(text: str) -> None:
    with pytest.raises(ConfigurationError) as refused:
        parse_database_url(text)
    assert "sqlite:///path" in refused.value.message
    assert "postgresql://" in refused.value.message
    assert "hunter2" not in refused.value.message
    assert refused.value.__cause__ is None


def test_a_password_does_not_show_in_the_parsed_url() -> None:
    assert "hunter2" not in repr(parse_database_url("postgresql://wand:hunter2@db.example/wand"))
