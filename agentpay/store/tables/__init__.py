"""The schema, one file a domain. `Base.metadata` is what alembic compares the database with."""

from agentpay.store.tables.base import Base
from agentpay.store.tables.carts import Cart, CartLine, Checkout, CheckoutLine
from agentpay.store.tables.catalog import Inventory, Product, Reservation, Variant
from agentpay.store.tables.conversations import (
    Approval,
    Conversation,
    Feedback,
    Message,
    SnapshotLabel,
    ToolExecution,
    Turn,
)
from agentpay.store.tables.customers import Address, Customer, PaymentMethod
from agentpay.store.tables.integration import (
    IdempotencyKey,
    InboundEvent,
    SandboxFaults,
    SandboxPayment,
    ServiceSecret,
    WebhookDelivery,
    WebhookEndpoint,
    WebhookEvent,
)
from agentpay.store.tables.knowledge import Article, Embedding
from agentpay.store.tables.orders import Order, OrderChange, OrderLine, Payment, Refund, Return, ReturnLine
from agentpay.store.tables.organizations import Agent, AgentVersion, ApiKey, ClientToken, Organization
from agentpay.store.tables.pricing import (
    Discount,
    DiscountRedemption,
    DiscountUse,
    MoneyDecision,
    PriceOffer,
    ShippingRate,
    ShippingZone,
    TaxRate,
)

__all__ = [
    "Address",
    "Agent",
    "AgentVersion",
    "ApiKey",
    "Approval",
    "Article",
    "Base",
    "Cart",
    "CartLine",
    "Checkout",
    "CheckoutLine",
    "ClientToken",
    "Conversation",
    "Customer",
    "Discount",
    "DiscountRedemption",
    "DiscountUse",
    "Embedding",
    "Feedback",
    "IdempotencyKey",
    "InboundEvent",
    "Inventory",
    "Message",
    "MoneyDecision",
    "Order",
    "OrderChange",
    "OrderLine",
    "Organization",
    "Payment",
    "PaymentMethod",
    "PriceOffer",
    "Product",
    "Refund",
    "Reservation",
    "Return",
    "ReturnLine",
    "SandboxFaults",
    "SandboxPayment",
    "ServiceSecret",
    "ShippingRate",
    "ShippingZone",
    "SnapshotLabel",
    "TaxRate",
    "ToolExecution",
    "Turn",
    "Variant",
    "WebhookDelivery",
    "WebhookEndpoint",
    "WebhookEvent",
]
