"""Notices are called so."""

import sqlalchemy as sa
from alembic import op

revision = "0004"
down_revision = "0003"
branch_labels = None
depends_on = None

_ATTACHMENTS = sa.table("attachments", sa.column("subject", sa.String))


def upgrade() -> None:
    op.rename_table("broadcasts", "notices")
    op.rename_table("broadcast_receipts", "notice_receipts")
    op.drop_index("ix_broadcast_receipts_receiver", "notice_receipts")
    op.alter_column("notice_receipts", "broadcast_id", new_column_name="notice_id")
    op.create_index("ix_notice_receipts_receiver", "notice_receipts", ["receiver_id", "notice_id"])
    _call_files("broadcast", "notice")


def downgrade() -> None:
    _call_files("notice", "broadcast")
    op.drop_index("ix_notice_receipts_receiver", "notice_receipts")
    op.alter_column("notice_receipts", "notice_id", new_column_name="broadcast_id")
    op.create_index("ix_broadcast_receipts_receiver", "notice_receipts", ["receiver_id", "broadcast_id"])
    op.rename_table("notice_receipts", "broadcast_receipts")
    op.rename_table("notices", "broadcasts")


def _call_files(before: str, after: str) -> None:
    """The files of notices by the new name of what they belong to."""
    op.execute(_ATTACHMENTS.update().where(_ATTACHMENTS.c.subject == before).values(subject=after))
