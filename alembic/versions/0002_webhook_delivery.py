"""Outbound webhooks: secrets that run out, since when an endpoint fails, indexes of the delivery log

Revision ID: 0002
Revises: 0001
"""

import sqlalchemy as sa
from alembic import op

revision = "0002"
down_revision = "0001"
branch_labels = None
depends_on = None


def upgrade() -> None:
    for name in ("previous_secret_expires_at", "failing_since"):
        op.add_column("webhook_endpoints", sa.Column(name, sa.DateTime(timezone=True), nullable=True))
    op.drop_index("ix_webhook_deliveries_endpoint", table_name="webhook_deliveries")
    op.create_index("ix_webhook_deliveries_endpoint", "webhook_deliveries", ["organization_id", "endpoint_id", "id"])
    op.create_index("ix_webhook_deliveries_event", "webhook_deliveries", ["organization_id", "event_id"])
    op.create_index("ix_webhook_events_created", "webhook_events", ["created_at"])


def downgrade() -> None:
    op.drop_index("ix_webhook_events_created", table_name="webhook_events")
    op.drop_index("ix_webhook_deliveries_event", table_name="webhook_deliveries")
    op.drop_index("ix_webhook_deliveries_endpoint", table_name="webhook_deliveries")
    op.create_index("ix_webhook_deliveries_endpoint", "webhook_deliveries", ["organization_id", "endpoint_id"])
    for name in ("failing_since", "previous_secret_expires_at"):
        op.drop_column("webhook_endpoints", name)
