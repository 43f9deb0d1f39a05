"""Notices and screening lists are called so."""

import sqlalchemy as sa
from alembic import op

revision = "0004"
down_revision = "0003"
branch_labels = None
depends_on = None

_ATTACHMENTS = sa.table("attachments", sa.column("subject", sa.String))


def upgrade() -> None:
    op.drop_index("ix_broadcast_receipts_receiver", "broadcast_receipts")
    op.drop_index("ix_screenings_sender_id", "screenings")
    op.drop_index("ix_screenings_unit", "screenings")
    op.rename_table("broadcasts", "notices")
    op.rename_table("broadcast_receipts", "notice_receipts")
    op.rename_table("screenings", "screening_lists")
    op.alter_column("notice_receipts", "broadcast_id", new_column_name="notice_id")
    op.create_index("ix_notice_receipts_receiver", "notice_receipts", ["receiver_id", "notice_id"])
    op.create_index("ix_screening_lists_sender_id", "screening_lists", ["sender_id"])
    op.create_index("ix_screening_lists_unit", "screening_lists", ["region", "unit"])
    _call_unique("screening_lists", "uq_screenings_sha256", "uq_screening_lists_sha256")
    _call_files("broadcast", "notice")


def downgrade() -> None:
    _call_files("notice", "broadcast")
    _call_unique("screening_lists", "uq_screening_lists_sha256", "uq_screenings_sha256")
    op.drop_index("ix_screening_lists_unit", "screening_lists")
    op.drop_index("ix_screening_lists_sender_id", "screening_lists")
    op.drop_index("ix_notice_receipts_receiver", "notice_receipts")
    op.alter_column("notice_receipts", "notice_id", new_column_name="broadcast_id")
    op.rename_table("screening_lists", "screenings")
    op.rename_table("notice_receipts", "broadcast_receipts")
    op.rename_table("notices", "broadcasts")
    op.create_index("ix_screenings_unit", "screenings", ["region", "unit"])
    op.create_index("ix_screenings_sender_id", "screenings", ["sender_id"])
    op.create_index("ix_broadcast_receipts_receiver", "broadcast_receipts", ["receiver_id", "broadcast_id"])


def _call_files(before: str, after: str) -> None:
    """The files of notices by the new name of what they belong to."""
    op.execute(_ATTACHMENTS.update().where(_ATTACHMENTS.c.subject == before).values(subject=after))


def _call_unique(table: str, before: str, after: str) -> None:
    with op.batch_alter_table(table) as batch:
        batch.drop_constraint(before, type_="unique")
        batch.create_unique_constraint(after, ["sha256"])
