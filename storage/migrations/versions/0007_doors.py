"""Invitations can be revoked and can wait for a tap, arrivals are noted, and phones can be signed out."""

import sqlalchemy as sa
from alembic import op

revision = "0007"
down_revision = "0006"
branch_labels = None
depends_on = None

oldest = "0007"
"""The oldest step whose program may run on these tables: an earlier one would let in whoever has to wait."""


def upgrade() -> None:
    op.create_table(
        "arrivals",
        sa.Column("id", sa.BigInteger(), autoincrement=False, nullable=False),
        sa.Column("person_id", sa.BigInteger(), nullable=False),
        sa.Column("address", sa.String(length=80), nullable=False),
        sa.Column("role", sa.String(length=12), nullable=False),
        sa.Column("region", sa.String(length=12), nullable=False),
        sa.Column("unit", sa.String(length=40), nullable=True),
        sa.Column("post_id", sa.BigInteger(), nullable=True),
        sa.Column("newcomer", sa.Boolean(), nullable=False),
        sa.Column("bound", sa.Boolean(), nullable=False),
        sa.Column("told", sa.JSON(), nullable=False),
        sa.Column("at", sa.BigInteger(), nullable=False),
        sa.Column("stopped_at", sa.BigInteger(), nullable=True),
        sa.Column("stopped_by", sa.BigInteger(), nullable=True),
        sa.Column("settled_at", sa.BigInteger(), nullable=True),
        sa.Column("settled_by", sa.BigInteger(), nullable=True),
        sa.Column("restored", sa.Boolean(), nullable=True),
        sa.Column("version", sa.Integer(), nullable=False),
        sa.ForeignKeyConstraint(["address"], ["chats.address"], name=op.f("fk_arrivals_address")),
        sa.ForeignKeyConstraint(["person_id"], ["persons.id"], name=op.f("fk_arrivals_person_id")),
        sa.ForeignKeyConstraint(["post_id"], ["posts.id"], name=op.f("fk_arrivals_post_id")),
        sa.ForeignKeyConstraint(["settled_by"], ["persons.id"], name=op.f("fk_arrivals_settled_by")),
        sa.ForeignKeyConstraint(["stopped_by"], ["persons.id"], name=op.f("fk_arrivals_stopped_by")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_arrivals")),
    )
    op.create_index(op.f("ix_arrivals_person_id"), "arrivals", ["person_id"])
    with op.batch_alter_table("admissions") as batch:
        batch.add_column(sa.Column("phone", sa.LargeBinary(), nullable=True))
        batch.add_column(sa.Column("invite_id", sa.BigInteger(), nullable=True))
        batch.add_column(sa.Column("by_office", sa.Boolean(), server_default=sa.false(), nullable=False))
        batch.create_foreign_key(op.f("fk_admissions_invite_id"), "invites", ["invite_id"], ["id"])
    with op.batch_alter_table("chats") as batch:
        batch.add_column(sa.Column("used_at", sa.BigInteger(), nullable=True))
        batch.add_column(sa.Column("idle", sa.Integer(), server_default="0", nullable=False))
        batch.add_column(sa.Column("session", sa.Integer(), server_default="0", nullable=False))
        batch.add_column(sa.Column("stopped_id", sa.BigInteger(), nullable=True))
        batch.create_foreign_key(op.f("fk_chats_stopped_id"), "persons", ["stopped_id"], ["id"])
        batch.create_index(op.f("ix_chats_stopped_id"), ["stopped_id"])
    with op.batch_alter_table("invites") as batch:
        batch.add_column(sa.Column("waits", sa.Boolean(), server_default=sa.true(), nullable=False))
        batch.add_column(sa.Column("revoked_at", sa.BigInteger(), nullable=True))
        batch.add_column(sa.Column("revoked_by", sa.BigInteger(), nullable=True))
        batch.create_foreign_key(op.f("fk_invites_revoked_by"), "persons", ["revoked_by"], ["id"])
    with op.batch_alter_table("posts") as batch:
        batch.add_column(sa.Column("suspended_at", sa.BigInteger(), nullable=True))
        batch.add_column(sa.Column("suspended_by", sa.BigInteger(), nullable=True))
        batch.create_foreign_key(op.f("fk_posts_suspended_by"), "persons", ["suspended_by"], ["id"])


def downgrade() -> None:
    with op.batch_alter_table("posts") as batch:
        batch.drop_constraint(op.f("fk_posts_suspended_by"), type_="foreignkey")
        batch.drop_column("suspended_by")
        batch.drop_column("suspended_at")
    with op.batch_alter_table("invites") as batch:
        batch.drop_constraint(op.f("fk_invites_revoked_by"), type_="foreignkey")
        batch.drop_column("revoked_by")
        batch.drop_column("revoked_at")
        batch.drop_column("waits")
    with op.batch_alter_table("chats") as batch:
        batch.drop_index(op.f("ix_chats_stopped_id"))
        batch.drop_constraint(op.f("fk_chats_stopped_id"), type_="foreignkey")
        batch.drop_column("stopped_id")
        batch.drop_column("session")
        batch.drop_column("idle")
        batch.drop_column("used_at")
    with op.batch_alter_table("admissions") as batch:
        batch.drop_constraint(op.f("fk_admissions_invite_id"), type_="foreignkey")
        batch.drop_column("by_office")
        batch.drop_column("invite_id")
        batch.drop_column("phone")
    op.drop_table("arrivals")
