"""Households' phones are confirmed; cadres' codes at the door; what wrong tries were made at; who fell silent."""

import sqlalchemy as sa
from alembic import op

revision = "0008"
down_revision = "0007"
branch_labels = None
depends_on = None

oldest = "0008"
"""The oldest step whose program may run on these tables: an earlier one would show a household to whoever is unconfirmed."""


def upgrade() -> None:
    op.create_table(
        "door_codes",
        sa.Column("id", sa.BigInteger(), autoincrement=False, nullable=False),
        sa.Column("code_blind", sa.String(length=32), nullable=False),
        sa.Column("token_blind", sa.String(length=32), nullable=False),
        sa.Column("household_id", sa.BigInteger(), nullable=False),
        sa.Column("village", sa.String(length=12), nullable=False),
        sa.Column("name", sa.String(length=60), nullable=False),
        sa.Column("relation", sa.String(length=40), nullable=True),
        sa.Column("created_by", sa.BigInteger(), nullable=False),
        sa.Column("expires_at", sa.BigInteger(), nullable=False),
        sa.Column("used_at", sa.BigInteger(), nullable=True),
        sa.Column("version", sa.Integer(), nullable=False),
        sa.ForeignKeyConstraint(["created_by"], ["persons.id"], name=op.f("fk_door_codes_created_by")),
        sa.ForeignKeyConstraint(["household_id"], ["households.id"], name=op.f("fk_door_codes_household_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_door_codes")),
        sa.UniqueConstraint("token_blind", name=op.f("uq_door_codes_token_blind")),
    )
    op.create_index(op.f("ix_door_codes_code_blind"), "door_codes", ["code_blind"])
    with op.batch_alter_table("posts") as batch:
        batch.add_column(sa.Column("relation", sa.String(length=40), nullable=True))
        batch.add_column(sa.Column("confirmed_at", sa.BigInteger(), nullable=True))
        batch.add_column(sa.Column("confirmed_by", sa.BigInteger(), nullable=True))
        batch.add_column(sa.Column("disowned_at", sa.BigInteger(), nullable=True))
        batch.create_foreign_key(op.f("fk_posts_confirmed_by"), "persons", ["confirmed_by"], ["id"])
    with op.batch_alter_table("clues") as batch:
        batch.add_column(sa.Column("said_by", sa.String(length=10), nullable=True))
        batch.add_column(sa.Column("speaker", sa.String(length=60), nullable=True))
    with op.batch_alter_table("claim_attempts") as batch:
        batch.add_column(sa.Column("village", sa.String(length=12), nullable=True))
        batch.add_column(sa.Column("invite_id", sa.BigInteger(), nullable=True))
        batch.add_column(sa.Column("matched", sa.Boolean(), nullable=True))
        batch.create_index("ix_claim_attempts_village", ["village", "at"])
    with op.batch_alter_table("chats") as batch:
        batch.add_column(sa.Column("silent_id", sa.BigInteger(), nullable=True))
        batch.create_foreign_key(op.f("fk_chats_silent_id"), "persons", ["silent_id"], ["id"])
    op.create_index(op.f("ix_media_kept_at"), "media", ["kept_at"])


def downgrade() -> None:
    op.drop_index(op.f("ix_media_kept_at"), "media")
    with op.batch_alter_table("chats") as batch:
        batch.drop_constraint(op.f("fk_chats_silent_id"), type_="foreignkey")
        batch.drop_column("silent_id")
    with op.batch_alter_table("claim_attempts") as batch:
        batch.drop_index("ix_claim_attempts_village")
        batch.drop_column("matched")
        batch.drop_column("invite_id")
        batch.drop_column("village")
    with op.batch_alter_table("clues") as batch:
        batch.drop_column("speaker")
        batch.drop_column("said_by")
    with op.batch_alter_table("posts") as batch:
        batch.drop_constraint(op.f("fk_posts_confirmed_by"), type_="foreignkey")
        batch.drop_column("disowned_at")
        batch.drop_column("confirmed_by")
        batch.drop_column("confirmed_at")
        batch.drop_column("relation")
    op.drop_table("door_codes")
