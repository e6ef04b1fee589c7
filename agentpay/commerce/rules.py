"""What the merchant lets an agent do alone (CONTRACT §4, agent rules). The default gives nothing away."""

from __future__ import annotations

from pydantic import BaseModel, ConfigDict, Field, StrictBool, model_validator


class _Rules(BaseModel):
    model_config = ConfigDict(extra="forbid")


class CartValueDiscount(_Rules):
    min_cart: int = Field(ge=0, strict=True)
    discount_percent: int = Field(ge=0, le=100, strict=True)


class RepeatCustomer(_Rules):
    orders_threshold: int = Field(ge=1, strict=True)
    discount_percent: int = Field(ge=0, le=100, strict=True)


class Strategies(_Rules):
    """They never apply by themselves: a matching one sets how far the first offer may go; the best one counts."""

    cart_value_discount: CartValueDiscount | None = None
    repeat_customer: RepeatCustomer | None = None


class Triggers(_Rules):
    hesitation_signals: int | None = Field(None, ge=1, strict=True)
    cart_abandonment_seconds: int | None = Field(None, ge=1, strict=True)
    """So long after their last turn a customer is reminded, once, of a cart they left; None: never."""


class Escalation(_Rules):
    """When a conversation goes to a person of its own accord; a customer who asks for one always gets one."""

    failed_turns: int = Field(3, ge=1, strict=True)
    """Turns in a row that came to nothing."""
    angry_messages: int = Field(2, ge=1, strict=True)


class AgentRules(_Rules):
    max_discount_percent: int = Field(0, ge=0, le=100, strict=True)
    approval_discount_percent: int | None = Field(None, ge=0, le=100, strict=True)
    allow_dynamic_pricing: StrictBool = False
    require_email_for_checkout: StrictBool = False
    auto_refund_limit: int = Field(0, ge=0, strict=True)
    """Minor units an order may be refunded without a person."""
    auto_change_limit: int | None = Field(None, ge=0, strict=True)
    """Minor units that a change of an order may give back without a person; None: as much as it is."""
    strategies: Strategies = Strategies()
    triggers: Triggers = Triggers()
    escalation: Escalation = Escalation()

    @model_validator(mode="after")
    def _approval_reaches_further(self) -> AgentRules:
        if self.approval_discount_percent is not None and self.approval_discount_percent < self.max_discount_percent:
            raise ValueError("approval_discount_percent must not be below max_discount_percent")
        return self

    @property
    def approval_percent(self) -> int:
        """The most a person may grant; by default no more than the agent."""
        return self.max_discount_percent if self.approval_discount_percent is None else self.approval_discount_percent


class Policies(_Rules):
    """`organization.policies` (CONTRACT §4, windows). A missing window is unlimited."""

    return_window_days: int | None = Field(None, ge=0, strict=True)
    exchange_window_days: int | None = Field(None, ge=0, strict=True)
    non_returnable: list[str] = []
    """Product external ids or category prefixes."""
    charge_saved_methods: StrictBool = False
    single_change: StrictBool = False
    """An order's items are changed once, and not cancelled or paid otherwise after that; it is returned or exchanged once."""


class Personality(_Rules):
    tone: str = Field("neutral", pattern="^(friendly|formal|playful|neutral)$")
    verbosity: str = Field("medium", pattern="^(short|medium|long)$")
    emoji: StrictBool = False
