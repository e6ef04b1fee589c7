"""Search: names of attributes that say no are no words of a product; indexes by product and word, by brand, by price

Revision ID: 0007
Revises: 0006
"""

import sqlalchemy as sa
from alembic import op

revision = "0007"
down_revision = "0006"
branch_labels = None
depends_on = None

# The names of attributes that say no (`no`), or of all others
NAMES = """
CREATE FUNCTION attribute_names(attributes jsonb, no boolean) RETURNS text LANGUAGE sql IMMUTABLE AS $$
    SELECT coalesce(string_agg(translate(a.key, '_-', '  '), ' , '), '') FROM jsonb_each(attributes) a
    WHERE (lower(btrim(a.value #>> '{}')) IN ('no', 'none', 'false', '0')) IS NOT DISTINCT FROM no
$$
"""
# As in 0005, without words that only stand in names of attributes that say no: `waterproof: "no"` does not answer "waterproof"
WRITE = """
CREATE OR REPLACE FUNCTION write_product_terms(ids uuid[]) RETURNS void LANGUAGE sql AS $$
    DELETE FROM product_terms WHERE product_id = ANY(ids);
    INSERT INTO product_terms (organization_id, term, product_id, field, impact)
    SELECT organization_id, lexeme, id, field,
        (tf + 0.1 * named) * 2.2 / (tf + 0.1 * named + 1.2 * (0.25 + 0.75 * sum(tf) OVER (PARTITION BY id) / 150))
    FROM (
        SELECT p.organization_id, p.id, w.* FROM products p CROSS JOIN LATERAL (
            SELECT to_tsvector('english'::regconfig, attribute_words(p.attributes)) AS say,
                tsvector_to_array(to_tsvector('english'::regconfig, attribute_names(p.attributes, true))) AS no,
                tsvector_to_array(to_tsvector('english'::regconfig, attribute_names(p.attributes, false))) AS names
            OFFSET 0 -- else they are worked out again for each word
        ) a CROSS JOIN LATERAL (
            SELECT u.lexeme,
                CASE WHEN 'A' = ANY(u.weights) THEN 'a' WHEN 'B' = ANY(u.weights) THEN 'b'
                    WHEN 'C' = ANY(u.weights) THEN 'c' ELSE 'd' END AS field,
                4.0 * cardinality(array_positions(u.weights, 'A')) + 3.0 * cardinality(array_positions(u.weights, 'B'))
                    + 3.0 * cardinality(array_positions(u.weights, 'D')) + 0.5 * coalesce(cardinality(v.positions), 0)
                    AS tf,
                cardinality(array_positions(u.weights, 'C')) AS named
            FROM unnest(p.search) u LEFT JOIN unnest(a.say) v ON v.lexeme = u.lexeme
            WHERE v.lexeme IS NOT NULL OR NOT u.lexeme = ANY(a.no) OR u.lexeme = ANY(a.names)
                OR u.weights && ARRAY['A', 'B', 'D']
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
    op.execute(NAMES)
    op.execute(WRITE)
    op.drop_index("ix_product_terms_product_id", table_name="product_terms")
    op.execute("TRUNCATE product_terms")
    op.execute("SELECT write_product_terms(coalesce(array_agg(id), '{}')) FROM products")
    op.create_index("ix_product_terms_product_id_term", "product_terms", ["product_id", "term"])
    op.create_index("ix_products_brand_lower", "products", ["organization_id", sa.text("lower(brand)")])
    op.create_index(
        "ix_variants_price",
        "variants",
        ["organization_id", "price"],
        postgresql_include=["product_id"],
        postgresql_where=sa.text("NOT archived"),
    )


def downgrade() -> None:
    op.drop_index("ix_variants_price", table_name="variants")
    op.drop_index("ix_products_brand_lower", table_name="products")
    # The function above serves until 0004 takes it away with its table
    op.drop_index("ix_product_terms_product_id_term", table_name="product_terms")
    op.create_index("ix_product_terms_product_id", "product_terms", ["product_id"])
