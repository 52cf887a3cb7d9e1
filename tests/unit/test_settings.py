"""Settings that cannot work, or would let everybody in, are refused; none shows a secret."""

from typing import Any

import pytest
from pydantic import ValidationError

from wand_orchestrator.settings import Settings


def settings(**given: Any) -> Settings:
    return Settings(_env_file=None, **given)


@pytest.mark.parametrize("key", ["", " ", "\t", " key", "key\n", "schlüssel", "a\x00b"])
def test_a_key_that_nobody_could_send_or_everybody_does_is_refused(key: str) -> None:
    with pytest.raises(ValidationError, match="api_key"):
        settings(api_key=key)


def test_an_empty_key_in_the_environment_does_not_open_a_public_address(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("WAND_API_KEY", "")
    monkeypatch.setenv("WAND_HOST", "0.0.0.0")
    with pytest.raises(ValidationError, match="empty, which would let everybody in"):
        settings()


@pytest.mark.parametrize("origin", ["app.example.com", "https://app.example.com/", "https://a b", "null", "https://"])
def test_what_is_no_origin_is_refused(origin: str) -> None:
    with pytest.raises(ValidationError, match="is no origin"):
        settings(api_key="k", cors_origins=f"https://fine.example,{origin}")


def test_all_origins_need_a_key() -> None:
    with pytest.raises(ValidationError, match="WAND_API_KEY is not set"):
        settings(cors_origins="*")
    assert settings(cors_origins="*", api_key="k").cors_origin_list == ("*",)


def test_no_secret_is_shown() -> None:
    shown = settings(
        api_key="the-key", database_url="postgresql://u:the-password@h/db", webhook_secret="whsec_" + "A" * 40
    )
    for text in (repr(shown), str(shown)):
        assert not any(secret in text for secret in ("the-key", "the-password", "AAAA"))


def test_rates_are_told_by_the_second() -> None:
    rates = settings(rates="openai=10/s, crm=90/min,nightly=1.5/h").rate_table
    assert rates == {"openai": 10, "crm": 1.5, "nightly": 1.5 / 3600}
    assert settings().rate_table == {}


@pytest.mark.parametrize("rates", ["openai", "openai=10", "openai=0/s", "a b=1/s", "a=1/day", "a=-1/s", "a=1/s,a=2/s"])
def test_what_is_no_rate_is_refused(rates: str) -> None:
    with pytest.raises(ValidationError, match=r"is no rate|names a twice"):
        settings(rates=rates)
