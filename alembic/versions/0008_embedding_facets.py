"""Vectors: what filters ask of a product, and its vector's signs, in narrow rows kept by triggers

Revision ID: 0008
Revises: 0007
"""

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects import postgresql

revision = "0008"
down_revision = "0007"
branch_labels = None
depends_on = None

PRICES = """
    LEFT JOIN LATERAL (
        SELECT DISTINCT price FROM variants v
        WHERE v.organization_id = p.organization_id AND v.product_id = p.id AND NOT v.archived
    ) v ON true
"""
INSERT = f"""
    INSERT INTO embedding_facets (embedding_id, organization_id, model, product_id, brand, price, signs)
    SELECT e.id, e.organization_id, e.model, e.product_id, lower(p.brand), v.price, binary_quantize(e.embedding)::varbit
    FROM {{source}} e JOIN products p ON p.organization_id = e.organization_id AND p.id = e.product_id {PRICES}
    ON CONFLICT DO NOTHING
"""
# Where one product is written twice at once a price too many may stay, until the index run that both have asked for
WRITE = f"""
CREATE FUNCTION write_embedding_facets(ids uuid[]) RETURNS void LANGUAGE sql AS $$
    WITH known AS (
        DELETE FROM embedding_facets f USING products p
        WHERE p.id = ANY(ids) AND f.organization_id = p.organization_id AND f.product_id = p.id
        RETURNING f.*
    )
    INSERT INTO embedding_facets (embedding_id, organization_id, model, product_id, brand, price, signs)
    SELECT DISTINCT f.embedding_id, f.organization_id, f.model, f.product_id, lower(p.brand), v.price, f.signs
    FROM known f JOIN products p ON p.organization_id = f.organization_id AND p.id = f.product_id {PRICES}
    ON CONFLICT DO NOTHING
$$
"""
# Those whose brand or prices are others now
FUNCTIONS = {
    "products_faceted": (
        "SELECT array_agg(n.id) FROM changed n JOIN before o ON o.id = n.id WHERE n.brand IS DISTINCT FROM o.brand",
        "products",
        "UPDATE",
        "REFERENCING OLD TABLE AS before NEW TABLE AS changed",
    ),
    "variants_added": (
        "SELECT array_agg(DISTINCT product_id) FROM changed",
        "variants",
        "INSERT",
        "REFERENCING NEW TABLE AS changed",
    ),
    "variants_priced": (
        "SELECT array_agg(DISTINCT n.product_id) FROM changed n JOIN before o ON o.id = n.id"
        " WHERE (n.price, n.archived) IS DISTINCT FROM (o.price, o.archived)",
        "variants",
        "UPDATE",
        "REFERENCING OLD TABLE AS before NEW TABLE AS changed",
    ),
    "variants_gone": (
        "SELECT array_agg(DISTINCT product_id) FROM before",
        "variants",
        "DELETE",
        "REFERENCING OLD TABLE AS before",
    ),
}


def upgrade() -> None:
    op.create_table(
        "embedding_facets",
        sa.Column("embedding_id", sa.Uuid(), nullable=False),
        sa.Column("organization_id", sa.Uuid(), nullable=False),
        sa.Column("model", sa.Text(), nullable=False),
        sa.Column("product_id", sa.Uuid(), nullable=False),
        sa.Column("brand", sa.Text(), nullable=True),
        sa.Column("price", sa.BigInteger(), nullable=True),
        sa.Column("signs", postgresql.BIT(varying=True), nullable=False),
        sa.ForeignKeyConstraint(
            ["organization_id", "embedding_id"],
            ["embeddings.organization_id", "embeddings.id"],
            name="fk_embedding_facets_organization_id_embedding_id",
            ondelete="CASCADE",
        ),
    )
    op.create_index(
        "ix_embedding_facets_embedding_id_price",
        "embedding_facets",
        ["embedding_id", "price"],
        unique=True,
        postgresql_include=["brand"],
        postgresql_nulls_not_distinct=True,
    )
    op.execute(INSERT.format(source="embeddings"))
    op.create_index("ix_embedding_facets_product", "embedding_facets", ["organization_id", "product_id"])
    for by, beside in (("brand", "price"), ("price", "brand")):
        op.create_index(
            f"ix_embedding_facets_{by}",
            "embedding_facets",
            ["organization_id", "model", by],
            postgresql_include=[beside, "signs", "embedding_id"],
        )
    op.execute(
        "CREATE FUNCTION embeddings_inserted() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN"
        f" {INSERT.format(source='changed')}; RETURN NULL; END $$"
    )
    op.execute(
        "CREATE TRIGGER embeddings_inserted AFTER INSERT ON embeddings REFERENCING NEW TABLE AS changed"
        " FOR EACH STATEMENT EXECUTE FUNCTION embeddings_inserted()"
    )
    op.execute(WRITE)
    for name, (changed, table, event, rows) in FUNCTIONS.items():
        op.execute(
            f"CREATE FUNCTION {name}() RETURNS trigger LANGUAGE plpgsql AS $$ DECLARE ids uuid[]; BEGIN"
            f" ids := ({changed}); IF ids IS NOT NULL THEN PERFORM write_embedding_facets(ids); END IF; RETURN NULL; END $$"
        )
        op.execute(
            f"CREATE TRIGGER {name} AFTER {event} ON {table} {rows} FOR EACH STATEMENT EXECUTE FUNCTION {name}()"
        )


def downgrade() -> None:
    for name, (_, table, *_) in FUNCTIONS.items():
        op.execute(f"DROP TRIGGER {name} ON {table}")
        op.execute(f"DROP FUNCTION {name}()")
    op.execute("DROP TRIGGER embeddings_inserted ON embeddings")
    op.execute("DROP FUNCTION embeddings_inserted()")
    op.execute("DROP FUNCTION write_embedding_facets(uuid[])")
    op.drop_table("embedding_facets")
