"""Words of attributes: values and what is true count half, names of attributes a tenth; rows to be indexed have an index

Revision ID: 0005
Revises: 0004
"""

import sqlalchemy as sa
from alembic import op

revision = "0005"
down_revision = "0004"
branch_labels = None
depends_on = None

# What attributes say: texts, and the names of those that are true ("waterproof": "yes")
VALUES = """
CREATE FUNCTION attribute_words(attributes jsonb) RETURNS text LANGUAGE sql IMMUTABLE AS $$
    SELECT coalesce(string_agg(CASE
        WHEN lower(x.value #>> '{}') IN ('yes', 'true') THEN translate(a.key, '_-', '  ')
        WHEN jsonb_typeof(x.value) = 'string' AND lower(x.value #>> '{}') NOT IN ('no', 'false') THEN x.value #>> '{}'
        END, ' , '), '')
    FROM jsonb_each(attributes) a CROSS JOIN LATERAL jsonb_array_elements(
        CASE jsonb_typeof(a.value) WHEN 'array' THEN a.value ELSE jsonb_build_array(a.value) END) x(value)
$$
"""
# As in 0004, but names of attributes hardly count, and not at all in the length of a product: a product with a long data
# sheet is not less about its title.
WRITE = """
CREATE OR REPLACE FUNCTION write_product_terms(ids uuid[]) RETURNS void LANGUAGE sql AS $$
    DELETE FROM product_terms WHERE product_id = ANY(ids);
    INSERT INTO product_terms (organization_id, term, product_id, field, impact)
    SELECT organization_id, lexeme, id, field,
        (tf + 0.1 * named) * 2.2 / (tf + 0.1 * named + 1.2 * (0.25 + 0.75 * sum(tf) OVER (PARTITION BY id) / 150))
    FROM (
        SELECT p.organization_id, p.id, w.* FROM products p CROSS JOIN LATERAL (
            SELECT u.lexeme,
                CASE WHEN 'A' = ANY(u.weights) THEN 'a' WHEN 'B' = ANY(u.weights) THEN 'b'
                    WHEN 'C' = ANY(u.weights) THEN 'c' ELSE 'd' END AS field,
                4.0 * cardinality(array_positions(u.weights, 'A')) + 3.0 * cardinality(array_positions(u.weights, 'B'))
                    + 3.0 * cardinality(array_positions(u.weights, 'D')) + 0.5 * coalesce(cardinality(v.positions), 0)
                    AS tf,
                cardinality(array_positions(u.weights, 'C')) AS named
            FROM unnest(p.search) u
            LEFT JOIN unnest(to_tsvector('english'::regconfig, attribute_words(p.attributes))) v ON v.lexeme = u.lexeme
        ) w
        WHERE p.id = ANY(ids) AND p.status = 'active'
    ) words;
    INSERT INTO product_terms (organization_id, term, product_id, field, impact)
    SELECT DISTINCT p.organization_id, u.lexeme, p.id, 'o', 1.5
    FROM products p JOIN variants v ON v.organization_id = p.organization_id AND v.product_id = p.id AND NOT v.archived
    CROSS JOIN LATERAL unnest(v.search) u
    WHERE p.id = ANY(ids) AND p.status = 'active' AND v.options <> '{}'
$$
"""


def upgrade() -> None:
    op.create_index(
        "ix_products_pending",
        "products",
        ["organization_id", "modified_at"],
        postgresql_where=sa.text("indexed_at IS NULL"),
    )
    op.execute(VALUES)
    op.execute(WRITE)
    op.execute("SELECT write_product_terms(coalesce(array_agg(id), '{}')) FROM products")


def downgrade() -> None:
    # 0004's own function is gone with its table; until then this one serves
    op.drop_index("ix_products_pending", table_name="products")
