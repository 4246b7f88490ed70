"""Models by name: from a file with addresses, keys, prices and limits, and from the settings."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from grandrounds.errors import SettingsError
from grandrounds.llm.budget import Limits
from grandrounds.llm.client import ModelClient
from grandrounds.llm.config import client_from_settings
from grandrounds.llm.ledger import Ledger
from grandrounds.llm.models import ModelEntry, backend_of, client_for, endpoint_of, load_models
from grandrounds.llm.prices import Prices
from grandrounds.settings import Settings, resolve
from tests.llm.helpers import ask
from tests.support.stub_openai import StubServer

WHOLE = """
models:
  big:
    base_url: https://api.example.com/v1
    model: big-2026
    local: false
    key_env: BIG_API_KEY
    version: "2026-05-01"
    prices: {prompt_per_million: 2.5, completion_per_million: 10, currency: EUR}
    limits: {requests_per_minute: 500, tokens_per_minute: 2e5, requests: 9, tokens: 8, cost: 0.5, image_tokens: 7}
    concurrency: 64
    timeout_seconds: 12.5
  small: {base_url: "http://127.0.0.1:8000/v1"}
"""


def chosen(home: Path, text: str = "", **environ: str) -> Settings:
    if text:
        home.joinpath("models.yaml").write_text(text, encoding="utf-8")
        environ.setdefault("GRANDROUNDS_MODELS", str(home / "models.yaml"))
    return resolve(environ={"GRANDROUNDS_HOME": str(home), **environ})


def test_every_key_of_the_file(tmp_path: Path) -> None:
    models = load_models(chosen(tmp_path, WHOLE))

    assert list(models) == ["big", "small"]
    assert models["big"] == ModelEntry(
        name="big",
        model="big-2026",
        where=str(tmp_path / "models.yaml"),
        base_url="https://api.example.com/v1",
        local=False,
        key_env="BIG_API_KEY",
        version="2026-05-01",
        prices=Prices(prompt_per_million=2.5, completion_per_million=10, currency="EUR"),
        limits=Limits(
            requests_per_minute=500, tokens_per_minute=2e5, requests=9, tokens=8, cost=0.5, image_tokens=7
        ),
        concurrency=64,
        timeout_seconds=12.5,
    )
    assert models["small"].model == "small"


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("models: {m: {base_ulr: x}}", ["models.m.base_ulr", "Extra inputs"]),
        ("models: {m: {prices: {prompt_per_million: 1}}}", ["models.m.prices.completion_per_million"]),
        (
            "models: {m: {prices: {prompt_per_million: -1, completion_per_million: 0}}}",
            ["prompt_per_million"],
        ),
        ("models: {m: {limits: {cost: 5}}}", ["models.m", "limits.cost needs prices"]),
        ("models: {m: {limits: {requests: 0}}}", ["models.m.limits.requests"]),
        ("models: {m: {limits: {tokens_per_minute: .inf}}}", ["tokens_per_minute"]),
        ("models: {m: {key_env: 'sk-1234 5678'}}", ["models.m.key_env"]),
        ("models: {m: {local: perhaps}}", ["models.m.local"]),
        ("models: {m: {version: 2026-05-01}}", ["models.m.version"]),
        ("models: {m: {concurrency: 0}}", ["models.m.concurrency"]),
        ("models: {'': {}}", ["models"]),
        ("model: {}", ["models", "model"]),
        ("- a list", ["file"]),
        ("", ["file"]),
        ("models: {m: {}, m: {}}", ["a key stands twice"]),
        ("models: {m: {local: true, local: false}}", ["a key stands twice"]),
        ("models: [", ["not valid YAML"]),
        ("models: !!python/object/apply:os.system [ls]", ["not valid YAML"]),
    ],
)
def test_what_is_wrong_in_the_file_is_named(tmp_path: Path, text: str, words: list[str]) -> None:
    tmp_path.joinpath("models.yaml").write_text(text)
    with pytest.raises(SettingsError) as caught:
        load_models(chosen(tmp_path, GRANDROUNDS_MODELS=str(tmp_path / "models.yaml")))

    for word in [*words, str(tmp_path / "models.yaml")]:
        assert word in str(caught.value)


def test_a_file_that_is_not_there_or_can_not_be_read_is_named(tmp_path: Path) -> None:
    for path, words in ((tmp_path / "none.yaml", "no models file"), (tmp_path, "can't be read")):
        with pytest.raises(SettingsError, match=words):
            load_models(chosen(tmp_path, GRANDROUNDS_MODELS=str(path)))


def test_shared_parts_may_be_written_once(tmp_path: Path) -> None:
    text = """
models:
  a: &same {base_url: "http://localhost:1/v1", limits: {requests: 5}}
  b: {<<: *same, base_url: "http://localhost:2/v1"}
"""
    models = load_models(chosen(tmp_path, text))
    assert models["b"].limits.requests == 5
    assert models["b"].base_url.endswith(":2/v1")


def test_the_settings_model_is_one_of_them(tmp_path: Path) -> None:
    settings = chosen(
        tmp_path,
        WHOLE,
        GRANDROUNDS_LLM_BASE_URL="http://localhost:9/v1",
        GRANDROUNDS_LLM_MODEL="mine",
        OPENAI_API_KEY="sk-0",
    )
    models = load_models(settings)

    assert list(models) == ["big", "small", "mine"]
    assert (models["mine"].model, models["mine"].key_env) == ("mine", "OPENAI_API_KEY")


def test_the_settings_may_name_a_model_of_the_file(tmp_path: Path) -> None:
    settings = chosen(tmp_path, WHOLE, GRANDROUNDS_LLM_MODEL="small")
    assert settings.model_configured
    made = client_from_settings(settings)
    assert isinstance(made, ModelClient)
    with made:
        assert made.model == "small"
        assert made._backend.local


def test_an_address_in_the_settings_takes_key_and_place_with_it(tmp_path: Path) -> None:
    """What the file says of its own address must not be believed of another one."""
    text = "models: {m: {base_url: 'http://gpu/v1', local: true, key_env: K, limits: {requests: 3}}}"
    settings = chosen(
        tmp_path, text, GRANDROUNDS_LLM_MODEL="m", GRANDROUNDS_LLM_BASE_URL="https://other.example.com/v1"
    )
    entry = load_models(settings)["m"]

    assert (entry.base_url, entry.local, entry.key_env) == ("https://other.example.com/v1", None, "")
    assert entry.limits.requests == 3
    assert not endpoint_of(entry, api_key="").local


@pytest.mark.parametrize(
    ("place", "local"),
    [
        ("base_url: 'http://localhost:1/v1'", True),
        ("base_url: 'http://localhost:1/v1', local: false", False),
        ("base_url: 'http://gpu-box:1/v1'", False),
        ("base_url: 'http://gpu-box:1/v1', local: true", True),
    ],
)
def test_what_is_local(tmp_path: Path, place: str, local: bool) -> None:
    with client_for(chosen(tmp_path, f"models: {{m: {{{place}}}}}"), "m") as made:
        assert isinstance(made, ModelClient)
        assert made._backend.local == local


def test_an_unknown_model_is_told_with_the_known_ones(tmp_path: Path) -> None:
    with pytest.raises(SettingsError, match=r"no model 'x'.*big, small.*GRANDROUNDS_MODELS"):
        client_for(chosen(tmp_path, WHOLE), "x")


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("models: {m: {}}", ["has no address", "`base_url` of m in "]),
        ("models: {m: {base_url: 'ftp://x/v1'}}", ["not the base URL", "`base_url` of m in "]),
        ("models: {m: {base_url: 'http://[::bad/v1'}}", ["can't be read", "`base_url` of m in "]),
        (
            "models: {m: {base_url: 'http://u:secret@h/v1', key_env: K}}",
            ["user name", "Put the key into K"],
        ),
        ("models: {m: {base_url: 'http://h/v1', key_env: NOT_SET}}", ["NOT_SET, which isn't set"]),
    ],
)
def test_a_model_that_can_not_be_asked_says_why(tmp_path: Path, text: str, words: list[str]) -> None:
    with pytest.raises(SettingsError) as caught:
        client_for(chosen(tmp_path, text), "m", environ={"K": "k"})

    for word in words:
        assert word in str(caught.value)
    assert "secret" not in str(caught.value)
    assert not (tmp_path / "ledger.sqlite").exists()


def test_each_key_goes_to_its_own_address_only(tmp_path: Path) -> None:
    with StubServer() as one, StubServer() as two, StubServer() as three:
        text = f"""
models:
  one: {{base_url: "{one.base_url}", key_env: KEY_ONE}}
  two: {{base_url: "{two.base_url}", key_env: OPENAI_API_KEY}}
  three: {{base_url: "{three.base_url}"}}
"""
        settings = chosen(tmp_path, text, OPENAI_API_KEY="sk-of-the-settings")
        with Ledger(tmp_path / "ledger.sqlite") as ledger:
            for name in ("one", "two", "three"):
                environ = {"KEY_ONE": "sk-one"}
                with client_for(settings, name, ledger=ledger, environ=environ) as asking:
                    asking.answer_all([ask(f"for {name}", model=asking.model)])
            assert ledger.stats().answers == 3
        given = [stub.book.headers[0].get("Authorization") for stub in (one, two, three)]

    assert given == ["Bearer sk-one", "Bearer sk-of-the-settings", None]


def test_messages_name_the_file_not_the_settings(tmp_path: Path) -> None:
    from grandrounds.errors import ModelError

    with StubServer(api_key="another") as stub:
        text = f"models: {{m: {{base_url: '{stub.base_url}', key_env: MY_KEY}}}}"
        with (
            client_for(chosen(tmp_path, text), "m", environ={"MY_KEY": "wrong"}) as asking,
            pytest.raises(ModelError, match="Check MY_KEY"),
        ):
            asking.answer_all([ask("x")])


def test_prices_and_limits_of_the_file_are_kept(tmp_path: Path) -> None:
    with StubServer() as stub:
        text = f"""
models:
  m:
    base_url: "{stub.base_url}"
    prices: {{prompt_per_million: 1000000, completion_per_million: 1000000, currency: EUR}}
    limits: {{requests: 3}}
    concurrency: 2
"""
        with client_for(chosen(tmp_path, text), "m", concurrency=64) as asking:
            pairs: list[Any] = []
            with pytest.raises(Exception, match=r"3 requests.*330.00 EUR"):
                pairs.extend(asking.answers([ask(f"case {number}") for number in range(10)]))
            assert asking.cost == 330
        assert stub.stats()["most_open"] <= 2


def test_the_timeout_of_a_try_can_be_set(tmp_path: Path) -> None:
    with StubServer(always="hang") as stub:
        environ = {
            "GRANDROUNDS_LLM_BASE_URL": stub.base_url,
            "GRANDROUNDS_LLM_MODEL": "m",
            "GRANDROUNDS_LLM_TIMEOUT": "0.05",
        }
        made = client_from_settings(chosen(tmp_path, **environ))
        assert made is not None
        with made:
            made._backend._retry = type(made._backend._retry)(attempts=1)  # type: ignore[attr-defined]
            ((_, answer),) = made.answers([ask("x")])

    assert answer.error_class == "timeout"


@pytest.mark.parametrize("value", ["0", "-1", "soon", "nan", "inf"])
def test_a_timeout_that_is_none_is_refused(tmp_path: Path, value: str) -> None:
    environ = {"GRANDROUNDS_LLM_BASE_URL": "http://localhost:1/v1", "GRANDROUNDS_LLM_MODEL": "m"}
    with pytest.raises(SettingsError, match="GRANDROUNDS_LLM_TIMEOUT"):
        client_from_settings(chosen(tmp_path, GRANDROUNDS_LLM_TIMEOUT=value, **environ))


def test_the_backend_is_one_of_those_there_are(tmp_path: Path) -> None:
    assert backend_of(chosen(tmp_path)) == "live"
    with pytest.raises(SettingsError, match=r"GRANDROUNDS_LLM_BACKEND is 'magic'.*live, files, vllm"):
        backend_of(chosen(tmp_path, GRANDROUNDS_LLM_BACKEND="magic"))


def test_the_vllm_backend_needs_no_address(tmp_path: Path) -> None:
    made = client_from_settings(
        chosen(tmp_path, GRANDROUNDS_LLM_BACKEND="vllm", GRANDROUNDS_LLM_MODEL="/models/tiny")
    )
    assert made is not None
    with made:
        assert made.model == "/models/tiny"
