"""Every setting of AgentPay, read from the environment (prefix `AGENTPAY_`) or a `.env` file."""

from __future__ import annotations

from functools import lru_cache
from pathlib import Path
from typing import Literal

from pydantic import AliasChoices, Field, SecretStr
from pydantic_settings import BaseSettings, SettingsConfigDict


class Settings(BaseSettings):
    """Each field is an environment variable `AGENTPAY_<FIELD>`; the two OpenAI ones keep the names every client knows."""

    model_config = SettingsConfigDict(env_prefix="AGENTPAY_", env_file=".env", extra="ignore", populate_by_name=True)

    # Where things live
    data_dir: Path = Field(Path(".agentpay"), description="Embedded servers' data, demo.json, caches.")
    database_url: str | None = Field(None, description="libpq URL of a PostgreSQL 16+ with pgvector; none: embedded.")
    redis_url: str | None = Field(None, description="redis:// URL of a Redis or Valkey; none: embedded.")
    host: str = "127.0.0.1"
    port: int = Field(8000, ge=0, le=65535)
    public_url: str | None = Field(None, description="Base of links given to customers; none: http://host:port.")

    # The model behind the agents
    model: str = Field("house", description="`house`, or `openai:<model>` for any OpenAI-compatible endpoint.")
    openai_api_key: SecretStr | None = Field(
        None, validation_alias=AliasChoices("OPENAI_API_KEY", "AGENTPAY_OPENAI_API_KEY")
    )
    openai_base_url: str | None = Field(
        None, validation_alias=AliasChoices("OPENAI_BASE_URL", "AGENTPAY_OPENAI_BASE_URL")
    )
    model_timeout_seconds: float = Field(
        20.0, gt=0, description="Longest silence of a model before the house model takes over."
    )
    model_max_retries: int = Field(1, ge=0, le=10)
    model_breaker_failures: int = Field(
        5, ge=1, description="After so many failures in a row a model is left alone, and the house model answers, …"
    )
    model_breaker_seconds: float = Field(30.0, gt=0, description="… for this long; then one turn tries it again.")
    max_model_calls: int = Field(8, ge=1, le=50, description="Model calls a specialist may make in one turn.")
    max_turn_tokens: int = Field(
        60_000, ge=1_000, description="Tokens, read and written, after which the house model ends a turn."
    )
    model_fallback: str | None = Field(
        None, description="A second model, `openai:<model>`, that takes a turn over before the house model does."
    )

    # Embeddings and vectors (docs/search.md)
    embeddings: str = Field(
        "local", description="`local` (MiniLM on the processor), `openai:<model>`, or `none`: search by words alone."
    )
    embeddings_base_url: str | None = Field(
        None, description="Where `openai:<model>` of AGENTPAY_EMBEDDINGS is served; none: OPENAI_BASE_URL."
    )
    vectors: Literal["postgres", "pinecone"] = Field("postgres", description="Where vectors are kept.")
    pinecone_api_key: SecretStr | None = Field(
        None, validation_alias=AliasChoices("PINECONE_API_KEY", "AGENTPAY_PINECONE_API_KEY")
    )
    pinecone_host: str | None = Field(None, description="Host of the Pinecone index, as its console shows it.")

    # Understanding (docs/intents.md)
    intent_model: str | None = Field(
        None,
        description="`openai:<model>`: names the intents that rules and the trained head are unsure of; none: nobody.",
    )
    intent_timeout_seconds: float = Field(3.0, gt=0, description="Longest that model may take.")

    # Turns
    snapshots_kept: int = Field(
        50, ge=2, description="Snapshots of a conversation that pruning leaves, besides labelled ones."
    )
    window_messages: int = Field(20, ge=4, le=40, description="Messages of the conversation that reach a model.")
    turn_lease_seconds: float = Field(6.0, gt=0, description="A turn whose process is silent this long is taken over.")
    turn_heartbeat_seconds: float = Field(1.5, gt=0)
    turn_drain_seconds: float = Field(
        10.0, ge=0, description="A process told to end gives its turns this long, then hands them to others."
    )
    turn_timeout_seconds: float = Field(180.0, gt=0, description="Longest a turn may run.")
    durability: Literal["auto", "step"] = Field(
        "auto",
        description="When the graph's state is stored: with the end of the turn, or after every node. Tool calls that "
        "change something are stored before they run either way.",
    )
    turn_capacity: int = Field(256, ge=1, description="Turns that one process runs at a time.")
    turn_max_attempts: int = Field(3, ge=1)
    sse_heartbeat_seconds: float = Field(15.0, gt=0)
    max_body_bytes: int = Field(256 * 1024, ge=1024)
    max_content_chars: int = Field(8_000, ge=1)

    # Commerce
    checkout_ttl_hours: int = Field(72, ge=1, description="A checkout may be paid this long after its last change.")
    reservation_minutes: int = Field(30, ge=1, description="Stock is held this long; renewed while the buyer is at it.")
    offer_ttl_minutes: int = Field(1440, ge=1, description="A negotiated price holds this long.")
    sandbox_settle_seconds: float = Field(5.0, ge=0, description="Delay of the sandbox's settle-later card.")
    sandbox_webhook_secret: SecretStr | None = Field(
        None, description="None: one made at first start, kept in the database."
    )

    # Payment providers (docs/payments.md)
    stripe_api_key: SecretStr | None = Field(None, description="Secret or restricted key; none: no Stripe.")
    stripe_webhook_secret: SecretStr | None = Field(None, description="`whsec_…` of the endpoint at Stripe.")
    stripe_api_base: str | None = Field(None, description="Another address of Stripe's API, for tests.")
    polar_access_token: SecretStr | None = Field(None, description="Organization access token; none: no Polar.")
    polar_webhook_secret: SecretStr | None = Field(None, description="Secret of the endpoint at Polar.")
    polar_server: str = Field("production", description="`production`, `sandbox`, or the address of an API.")
    polar_product_id: str | None = Field(
        None, description="The product at Polar under which checkouts are sold, each at its own price."
    )

    # Outbound webhooks
    webhook_allow_private: bool = Field(
        False, description="Webhooks may go to private addresses and over plain http: for development and own networks."
    )
    webhook_timeout_seconds: float = Field(10.0, gt=0, description="Longest an endpoint may take to answer.")
    webhook_disable_after_failures: int = Field(
        20, ge=1, description="An endpoint is disabled after so many failed attempts in a row, …"
    )
    webhook_disable_after_minutes: float = Field(60.0, ge=0, description="… once they go back at least this long.")

    # Service
    rate_limit_client: int = Field(
        600, ge=0, description="Requests and messages a minute that one client token may send; 0: any number."
    )
    rate_limit_publishable: int = Field(
        6_000, ge=0, description="Requests a minute with one publishable key from one address; 0: any number."
    )
    rate_limit_secret: int = Field(0, ge=0, description="Requests a minute with one secret key; 0: any number.")
    web_organization: str | None = Field(
        None,
        description="Slug of the shop whose page is at /; none: the only one there is, and no page where there are several.",
    )
    evaluation_seed: int | None = Field(
        None,
        description="The house model's wordings are drawn by it, not by the turn: evaluations that say the same twice.",
    )
    worker_in_process: bool = Field(True, description="`agentpay serve` also runs the job worker.")
    log_level: Literal["DEBUG", "INFO", "WARNING", "ERROR"] = "INFO"
    db_pool_size: int = Field(10, ge=1)


@lru_cache(maxsize=1)
def get_settings() -> Settings:
    """The process's settings, read once. The CLI's own options are applied through the environment before the first call."""
    return Settings()
