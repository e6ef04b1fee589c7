"""Search: what each word of a product weighs, kept by triggers; synonyms and the embedding model of a shop

Revision ID: 0004
Revises: 0003
"""

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects import postgresql

revision = "0004"
down_revision = "0003"
branch_labels = None
depends_on = None

# BM25 (k1 1.2, b 0.75) of a word in a product, without the word's rarity, which the query brings along. A word counts 4 in
# title and brand (A), 3 in the category (B) and what the merchant wrote (D), half in attributes (C). Lengths are compared
# with 150 such counts instead of the shop's mean, which every change would move.
WRITE = """
CREATE FUNCTION write_product_terms(ids uuid[]) RETURNS void LANGUAGE sql AS $$
    DELETE FROM product_terms WHERE product_id = ANY(ids);
    INSERT INTO product_terms (organization_id, term, product_id, field, impact)
    SELECT organization_id, lexeme, id, field, tf * 2.2 / (tf + 1.2 * (0.25 + 0.75 * sum(tf) OVER (PARTITION BY id) / 150))
    FROM (
        SELECT p.organization_id, p.id, u.lexeme,
            CASE WHEN 'A' = ANY(u.weights) THEN 'a' WHEN 'B' = ANY(u.weights) THEN 'b'
                WHEN 'C' = ANY(u.weights) THEN 'c' ELSE 'd' END AS field,
            4.0 * cardinality(array_positions(u.weights, 'A')) + 3.0 * cardinality(array_positions(u.weights, 'B'))
                + 0.5 * cardinality(array_positions(u.weights, 'C'))
                + 3.0 * cardinality(array_positions(u.weights, 'D')) AS tf
        FROM products p CROSS JOIN LATERAL unnest(p.search) u
        WHERE p.id = ANY(ids) AND p.status = 'active'
    ) words;
    INSERT INTO product_terms (organization_id, term, product_id, field, impact)
    SELECT DISTINCT p.organization_id, u.lexeme, p.id, 'o', 1.5
    FROM products p JOIN variants v ON v.organization_id = p.organization_id AND v.product_id = p.id AND NOT v.archived
    CROSS JOIN LATERAL unnest(v.search) u
    WHERE p.id = ANY(ids) AND p.status = 'active' AND v.options <> '{}'
$$
"""
FUNCTIONS = {
    "products_inserted": (
        "SELECT array_agg(id) FROM changed WHERE status = 'active'",
        "products",
        "INSERT",
        "REFERENCING NEW TABLE AS changed",
    ),
    "products_updated": (
        "SELECT array_agg(n.id) FROM changed n JOIN before o ON o.id = n.id"
        " WHERE (n.status, n.search) IS DISTINCT FROM (o.status, o.search)",
        "products",
        "UPDATE",
        "REFERENCING OLD TABLE AS before NEW TABLE AS changed",
    ),
    "products_deleted": ("SELECT array_agg(id) FROM before", "products", "DELETE", "REFERENCING OLD TABLE AS before"),
    "variants_inserted": (
        "SELECT array_agg(DISTINCT product_id) FROM changed WHERE options <> '{}'",
        "variants",
        "INSERT",
        "REFERENCING NEW TABLE AS changed",
    ),
    "variants_updated": (
        "SELECT array_agg(DISTINCT n.product_id) FROM changed n JOIN before o ON o.id = n.id"
        " WHERE (n.options, n.archived) IS DISTINCT FROM (o.options, o.archived)",
        "variants",
        "UPDATE",
        "REFERENCING OLD TABLE AS before NEW TABLE AS changed",
    ),
    "variants_deleted": (
        "SELECT array_agg(DISTINCT product_id) FROM before WHERE options <> '{}'",
        "variants",
        "DELETE",
        "REFERENCING OLD TABLE AS before",
    ),
}


def upgrade() -> None:
    op.add_column("organizations", sa.Column("synonyms", postgresql.JSONB(), server_default="[]", nullable=False))
    op.add_column("organizations", sa.Column("embedding_model", sa.Text(), nullable=True))
    op.create_table(
        "product_terms",
        sa.Column("organization_id", sa.Uuid(), nullable=False),
        sa.Column("term", sa.Text(collation="C"), nullable=False),
        sa.Column("product_id", sa.Uuid(), nullable=False),
        sa.Column("field", sa.Text(), nullable=False),
        sa.Column("impact", sa.REAL(), nullable=False),
    )
    op.create_index(
        "ix_product_terms_term",
        "product_terms",
        ["organization_id", "term", sa.text("impact DESC")],
        postgresql_include=["product_id", "field"],
    )
    op.create_index("ix_product_terms_product_id", "product_terms", ["product_id"])
    op.execute(WRITE)
    for name, (changed, table, event, rows) in FUNCTIONS.items():
        op.execute(
            f"CREATE FUNCTION {name}() RETURNS trigger LANGUAGE plpgsql AS $$ DECLARE ids uuid[]; BEGIN"
            f" ids := ({changed}); IF ids IS NOT NULL THEN PERFORM write_product_terms(ids); END IF; RETURN NULL; END $$"
        )
        op.execute(
            f"CREATE TRIGGER {name} AFTER {event} ON {table} {rows} FOR EACH STATEMENT EXECUTE FUNCTION {name}()"
        )
    op.execute("SELECT write_product_terms(coalesce(array_agg(id), '{}')) FROM products")


def downgrade() -> None:
    for name, (_, table, *_) in FUNCTIONS.items():
        op.execute(f"DROP TRIGGER {name} ON {table}")
        op.execute(f"DROP FUNCTION {name}()")
    op.execute("DROP FUNCTION write_product_terms(uuid[])")
    # 0005's and 0007's, which their versions of the one above need
    op.execute("DROP FUNCTION IF EXISTS attribute_words(jsonb), attribute_names(jsonb, boolean)")
    op.drop_table("product_terms")
    op.drop_column("organizations", "embedding_model")
    op.drop_column("organizations", "synonyms")
