"""Every version of an agent's settings is kept; an agent may be given fewer tools; a turn tells the version it ran with

Revision ID: 0006
Revises: 0005
"""

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects import postgresql

revision = "0006"
down_revision = "0005"
branch_labels = None
depends_on = None

SETTINGS = (
    "jsonb_build_object('name', {0}.name, 'personality', {0}.personality, 'rules', {0}.rules, 'model', {0}.model,"
    " 'templates', {0}.templates, 'tools', {0}.tools)"
)


def upgrade() -> None:
    op.add_column("agents", sa.Column("tools", postgresql.JSONB(none_as_null=True), nullable=True))
    op.add_column("turns", sa.Column("agent_version", sa.Integer(), nullable=True))
    op.create_table(
        "agent_versions",
        sa.Column("agent_id", sa.Uuid(), nullable=False),
        sa.Column("version", sa.Integer(), nullable=False),
        sa.Column("organization_id", sa.Uuid(), nullable=False),
        sa.Column("settings", postgresql.JSONB(), nullable=False),
        sa.Column("created_at", sa.DateTime(timezone=True), server_default=sa.text("now()"), nullable=False),
        sa.ForeignKeyConstraint(
            ["organization_id"],
            ["organizations.id"],
            name=op.f("fk_agent_versions_organization_id"),
            ondelete="CASCADE",
        ),
        sa.ForeignKeyConstraint(
            ["organization_id", "agent_id"],
            ["agents.organization_id", "agents.id"],
            name=op.f("fk_agent_versions_organization_id_agent_id"),
            ondelete="CASCADE",
        ),
        sa.PrimaryKeyConstraint("agent_id", "version", name=op.f("pk_agent_versions")),
    )
    # Whoever writes an agent, the API or an import, leaves its version behind
    op.execute(
        "CREATE FUNCTION keep_agent_version() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN"
        " INSERT INTO agent_versions (agent_id, version, organization_id, settings)"
        f" VALUES (NEW.id, NEW.version, NEW.organization_id, {SETTINGS.format('NEW')}); RETURN NULL; END $$"
    )
    op.execute(
        "CREATE TRIGGER keep_agent_version AFTER INSERT ON agents FOR EACH ROW EXECUTE FUNCTION keep_agent_version()"
    )
    op.execute(
        "CREATE TRIGGER keep_changed_agent_version AFTER UPDATE ON agents FOR EACH ROW"
        " WHEN (NEW.version <> OLD.version) EXECUTE FUNCTION keep_agent_version()"
    )
    op.execute(
        "INSERT INTO agent_versions (agent_id, version, organization_id, settings, created_at)"
        f" SELECT id, version, organization_id, {SETTINGS.format('agents')}, modified_at FROM agents"
    )


def downgrade() -> None:
    op.execute("DROP TRIGGER keep_changed_agent_version ON agents")
    op.execute("DROP TRIGGER keep_agent_version ON agents")
    op.execute("DROP FUNCTION keep_agent_version()")
    op.drop_table("agent_versions")
    op.drop_column("turns", "agent_version")
    op.drop_column("agents", "tools")
