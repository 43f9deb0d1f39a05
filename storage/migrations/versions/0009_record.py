"""The audit chain names longer subjects, since it covers chats too; who has looked at a household is noted."""

import sqlalchemy as sa
from alembic import op

revision = "0009"
down_revision = "0008"
branch_labels = None
depends_on = None

oldest = "0009"
"""The oldest step whose program may run on these tables: an earlier one would change logins and leave no audit row."""


def upgrade() -> None:
    op.create_table(
        "looks",
        sa.Column("household_id", sa.BigInteger(), autoincrement=False, nullable=False),
        sa.Column("day", sa.Date(), nullable=False),
        sa.Column("person_id", sa.BigInteger(), autoincrement=False, nullable=False),
        sa.Column("way", sa.String(length=8), nullable=False),
        sa.Column("role", sa.String(length=12), nullable=True),
        sa.Column("region", sa.String(length=12), nullable=True),
        sa.Column("unit", sa.String(length=40), nullable=True),
        sa.ForeignKeyConstraint(["household_id"], ["households.id"], name=op.f("fk_looks_household_id")),
        sa.PrimaryKeyConstraint("household_id", "day", "person_id", "way", name=op.f("pk_looks")),
    )
    op.create_index(op.f("ix_looks_day"), "looks", ["day"])
    with op.batch_alter_table("audit") as batch:
        batch.alter_column("subject", existing_type=sa.String(length=80), type_=sa.String(length=120), existing_nullable=False)


def downgrade() -> None:
    op.drop_table("looks")
    with op.batch_alter_table("audit") as batch:
        batch.alter_column("subject", existing_type=sa.String(length=120), type_=sa.String(length=80), existing_nullable=False)
