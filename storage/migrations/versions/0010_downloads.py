"""Updates whose file is still to be downloaded are kept here."""

import sqlalchemy as sa
from alembic import op

revision = "0010"
down_revision = "0009"
branch_labels = None
depends_on = None

oldest = "0010"
"""The oldest step whose program may run on these tables: an earlier one would never download what waits here."""


def upgrade() -> None:
    op.create_table(
        "downloads",
        sa.Column("id", sa.BigInteger(), autoincrement=False, nullable=False),
        sa.Column("key", sa.String(length=120), nullable=False),
        sa.Column("address", sa.String(length=80), nullable=False),
        sa.Column("update", sa.LargeBinary(), nullable=False),
        sa.Column("kept_at", sa.BigInteger(), nullable=False),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_downloads")),
        sa.UniqueConstraint("key", name=op.f("uq_downloads_key")),
    )
    op.create_index(op.f("ix_downloads_address"), "downloads", ["address"])


def downgrade() -> None:
    op.drop_table("downloads")
