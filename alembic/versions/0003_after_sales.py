"""After the sale: changes of orders, shares of returned lines, refunds that lower a total, the sandbox's faults

Revision ID: 0003
Revises: 0002
"""

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects import postgresql

revision = "0003"
down_revision = "0002"
branch_labels = None
depends_on = None


def _times() -> list[sa.Column]:
    names = ("created_at", "modified_at")
    return [sa.Column(n, sa.DateTime(timezone=True), server_default=sa.text("now()"), nullable=False) for n in names]


def upgrade() -> None:
    op.add_column("checkouts", sa.Column("purpose", sa.Text(), server_default="sale", nullable=False))
    op.create_check_constraint(op.f("ck_checkouts_purpose"), "checkouts", "purpose IN ('sale', 'order_change')")
    op.add_column("refunds", sa.Column("adjustment", sa.Boolean(), server_default=sa.text("false"), nullable=False))
    op.add_column("returns", sa.Column("difference", sa.BigInteger(), nullable=True))
    op.add_column("returns", sa.Column("refusal", sa.Text(), nullable=True))
    for name in ("discount", "tax", "amount"):
        op.add_column("return_lines", sa.Column(name, sa.BigInteger(), nullable=False))
    op.add_column("return_lines", sa.Column("exchange", postgresql.JSONB(astext_type=sa.Text()), nullable=True))
    op.create_check_constraint(
        op.f("ck_return_lines_amounts"), "return_lines", "amount >= 0 AND discount >= 0 AND tax >= 0"
    )
    op.create_table(
        "order_changes",
        sa.Column("order_id", sa.Uuid(), nullable=False),
        sa.Column("checkout_id", sa.Uuid(), nullable=False),
        sa.Column("return_id", sa.Uuid(), nullable=True),
        sa.Column("status", sa.Text(), server_default="pending", nullable=False),
        sa.Column("amount", sa.BigInteger(), nullable=False),
        sa.Column("plan", postgresql.JSONB(astext_type=sa.Text()), nullable=False),
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("organization_id", sa.Uuid(), nullable=False),
        *_times(),
        sa.CheckConstraint("status IN ('pending', 'paid', 'applied', 'void')", name=op.f("ck_order_changes_status")),
        sa.CheckConstraint("amount > 0", name=op.f("ck_order_changes_amount")),
        sa.ForeignKeyConstraint(
            ["organization_id", "order_id"],
            ["orders.organization_id", "orders.id"],
            name=op.f("fk_order_changes_organization_id_order_id"),
        ),
        sa.ForeignKeyConstraint(
            ["organization_id", "checkout_id"],
            ["checkouts.organization_id", "checkouts.id"],
            name=op.f("fk_order_changes_organization_id_checkout_id"),
        ),
        sa.ForeignKeyConstraint(
            ["organization_id", "return_id"],
            ["returns.organization_id", "returns.id"],
            name=op.f("fk_order_changes_organization_id_return_id"),
        ),
        sa.ForeignKeyConstraint(
            ["organization_id"],
            ["organizations.id"],
            name=op.f("fk_order_changes_organization_id"),
            ondelete="CASCADE",
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_order_changes")),
        sa.UniqueConstraint("organization_id", "id", name="uq_order_changes_organization_id_id"),
        sa.UniqueConstraint("checkout_id", name=op.f("uq_order_changes_checkout_id")),
    )
    op.create_index("ix_order_changes_order", "order_changes", ["organization_id", "order_id"])
    op.create_table(
        "sandbox_faults",
        *(
            sa.Column(name, sa.Integer(), server_default="0", nullable=False)
            for name in ("drop", "duplicate", "delay", "reorder")
        ),
        sa.Column("delay_seconds", sa.Float(), server_default="1", nullable=False),
        sa.Column("seed", sa.Text(), server_default="", nullable=False),
        sa.Column("held", postgresql.JSONB(astext_type=sa.Text()), server_default=sa.text("'[]'"), nullable=False),
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("organization_id", sa.Uuid(), nullable=False),
        *_times(),
        sa.CheckConstraint(
            "drop BETWEEN 0 AND 100 AND duplicate BETWEEN 0 AND 100 AND delay BETWEEN 0 AND 100 "
            "AND reorder BETWEEN 0 AND 100 AND delay_seconds BETWEEN 0 AND 60",
            name=op.f("ck_sandbox_faults_shares"),
        ),
        sa.ForeignKeyConstraint(
            ["organization_id"],
            ["organizations.id"],
            name=op.f("fk_sandbox_faults_organization_id"),
            ondelete="CASCADE",
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_sandbox_faults")),
        sa.UniqueConstraint("organization_id", name=op.f("uq_sandbox_faults_organization_id")),
    )


def downgrade() -> None:
    op.drop_table("sandbox_faults")
    op.drop_table("order_changes")
    op.drop_constraint(op.f("ck_return_lines_amounts"), "return_lines")
    for table, column in (
        ("return_lines", "exchange"),
        ("return_lines", "amount"),
        ("return_lines", "tax"),
        ("return_lines", "discount"),
        ("returns", "refusal"),
        ("returns", "difference"),
        ("refunds", "adjustment"),
    ):
        op.drop_column(table, column)
    op.drop_constraint(op.f("ck_checkouts_purpose"), "checkouts")
    op.drop_column("checkouts", "purpose")
