"""Notices, weekly reports, quiet hours, the handbook, orders of charts, nicknames, and what is asked of people."""

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects import postgresql

revision = "0003"
down_revision = "0002"
branch_labels = None
depends_on = None


_WORDS = {
    "sqlite": (
        "CREATE VIRTUAL TABLE passage_words USING fts5(words, content='passages', content_rowid='id', tokenize='ascii')",
        "CREATE TRIGGER passage_words_in AFTER INSERT ON passages BEGIN"
        " INSERT INTO passage_words(rowid, words) VALUES (new.id, new.words); END",
        "CREATE TRIGGER passage_words_out AFTER DELETE ON passages BEGIN"
        " INSERT INTO passage_words(passage_words, rowid, words) VALUES ('delete', old.id, old.words); END",
    ),
    "postgresql": ("CREATE INDEX passage_words ON passages USING gin (words)",),
}
"""The full text of the passages, which no table definition can say."""


def _index_passages() -> None:
    for statement in _WORDS[op.get_bind().dialect.name]:
        op.execute(statement)


def upgrade() -> None:
    op.create_table(
        "burden_days",
        sa.Column("day", sa.Date(), nullable=False),
        sa.Column("person_id", sa.BigInteger(), nullable=False),
        sa.Column("cause", sa.String(length=40), nullable=False),
        sa.Column("role", sa.String(length=12), nullable=False),
        sa.Column("messages", sa.Integer(), nullable=False),
        sa.Column("answers", sa.Integer(), nullable=False),
        sa.Column("seconds", sa.Integer(), nullable=False),
        sa.PrimaryKeyConstraint("day", "person_id", "cause", name=op.f("pk_burden_days")),
        info={"once": True},
    )
    op.create_table(
        "mornings",
        sa.Column("day", sa.Date(), nullable=False),
        sa.Column("at", sa.BigInteger(), nullable=False),
        sa.PrimaryKeyConstraint("day", name=op.f("pk_mornings")),
        info={"once": True},
    )
    op.create_table(
        "broadcasts",
        sa.Column("id", sa.BigInteger(), autoincrement=False, nullable=False),
        sa.Column("sender_id", sa.BigInteger(), nullable=False),
        sa.Column("role", sa.String(length=12), nullable=False),
        sa.Column("region", sa.String(length=12), nullable=False),
        sa.Column("audience", sa.JSON(), nullable=False),
        sa.Column("words", sa.LargeBinary(), nullable=False),
        sa.Column("file", sa.String(length=64), nullable=True),
        sa.Column("file_name", sa.LargeBinary(), nullable=True),
        sa.Column("expects", sa.Boolean(), nullable=False),
        sa.Column("filed_at", sa.BigInteger(), nullable=False),
        sa.Column("repeated_at", sa.BigInteger(), nullable=True),
        sa.Column("state", sa.String(length=10), nullable=False),
        sa.Column("reached", sa.BigInteger(), nullable=False),
        sa.Column("version", sa.Integer(), nullable=False),
        sa.ForeignKeyConstraint(["sender_id"], ["persons.id"], name=op.f("fk_broadcasts_sender_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_broadcasts")),
    )
    op.create_table(
        "policies",
        sa.Column("id", sa.BigInteger(), autoincrement=False, nullable=False),
        sa.Column("title", sa.String(length=120), nullable=False),
        sa.Column("number", sa.String(length=60), nullable=False),
        sa.Column("dated", sa.Date(), nullable=True),
        sa.Column("for_all", sa.Boolean(), nullable=False),
        sa.Column("region", sa.String(length=12), nullable=False),
        sa.Column("sha256", sa.String(length=64), nullable=False),
        sa.Column("file_name", sa.String(length=255), nullable=False),
        sa.Column("added_by", sa.BigInteger(), nullable=True),
        sa.Column("added_at", sa.BigInteger(), nullable=False),
        sa.Column("ended_at", sa.BigInteger(), nullable=True),
        sa.Column("version", sa.Integer(), nullable=False),
        sa.ForeignKeyConstraint(["added_by"], ["persons.id"], name=op.f("fk_policies_added_by")),
        sa.ForeignKeyConstraint(["sha256"], ["media.sha256"], name=op.f("fk_policies_sha256")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_policies")),
        info={"audited": True},
    )
    with op.batch_alter_table("policies", schema=None) as batch_op:
        batch_op.create_index(batch_op.f("ix_policies_added_by"), ["added_by"], unique=False)
        batch_op.create_index(batch_op.f("ix_policies_sha256"), ["sha256"], unique=False)

    op.create_table(
        "weekly_reports",
        sa.Column("id", sa.BigInteger(), autoincrement=False, nullable=False),
        sa.Column("person_id", sa.BigInteger(), nullable=False),
        sa.Column("week", sa.Date(), nullable=False),
        sa.Column("village", sa.String(length=12), nullable=False),
        sa.Column("state", sa.String(length=8), nullable=False),
        sa.Column("text", sa.LargeBinary(), nullable=True),
        sa.Column("at", sa.BigInteger(), nullable=False),
        sa.Column("version", sa.Integer(), nullable=False),
        sa.ForeignKeyConstraint(["person_id"], ["persons.id"], name=op.f("fk_weekly_reports_person_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_weekly_reports")),
        sa.UniqueConstraint("person_id", "week", name=op.f("uq_weekly_reports_person_id_week")),
        info={"audited": True},
    )
    with op.batch_alter_table("weekly_reports", schema=None) as batch_op:
        batch_op.create_index("ix_weekly_reports_week", ["week", "village"], unique=False)

    op.create_table(
        "broadcast_receipts",
        sa.Column("broadcast_id", sa.BigInteger(), autoincrement=False, nullable=False),
        sa.Column("person_id", sa.BigInteger(), autoincrement=False, nullable=False),
        sa.Column("receiver_id", sa.BigInteger(), nullable=True),
        sa.Column("letter_id", sa.BigInteger(), nullable=True),
        sa.Column("confirmed_at", sa.BigInteger(), nullable=True),
        sa.ForeignKeyConstraint(["broadcast_id"], ["broadcasts.id"], name=op.f("fk_broadcast_receipts_broadcast_id")),
        sa.ForeignKeyConstraint(["person_id"], ["persons.id"], name=op.f("fk_broadcast_receipts_person_id")),
        sa.PrimaryKeyConstraint("broadcast_id", "person_id", name=op.f("pk_broadcast_receipts")),
    )
    with op.batch_alter_table("broadcast_receipts", schema=None) as batch_op:
        batch_op.create_index("ix_broadcast_receipts_receiver", ["receiver_id", "broadcast_id"], unique=False)

    op.create_table(
        "passages",
        sa.Column("id", sa.BigInteger(), autoincrement=False, nullable=False),
        sa.Column("policy_id", sa.BigInteger(), nullable=False),
        sa.Column("place", sa.Integer(), nullable=False),
        sa.Column("clause", sa.String(length=60), nullable=False),
        sa.Column("heading", sa.String(length=200), nullable=False),
        sa.Column("text", sa.Text(), nullable=False),
        sa.Column("words", sa.Text().with_variant(postgresql.TSVECTOR(), "postgresql"), nullable=False),
        sa.ForeignKeyConstraint(["policy_id"], ["policies.id"], name=op.f("fk_passages_policy_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_passages")),
    )
    with op.batch_alter_table("passages", schema=None) as batch_op:
        batch_op.create_index(batch_op.f("ix_passages_policy_id"), ["policy_id"], unique=False)

    op.create_table(
        "quiet_times",
        sa.Column("address", sa.String(length=80), nullable=False),
        sa.Column("opens", sa.Time(), nullable=True),
        sa.Column("morning_only", sa.Boolean(), nullable=False),
        sa.Column("off_on", sa.Date(), nullable=True),
        sa.Column("holds_since", sa.BigInteger(), nullable=True),
        sa.Column("version", sa.Integer(), nullable=False),
        sa.ForeignKeyConstraint(["address"], ["chats.address"], name=op.f("fk_quiet_times_address")),
        sa.PrimaryKeyConstraint("address", name=op.f("pk_quiet_times")),
        info={"once": True},
    )
    op.create_table(
        "chart_orders",
        sa.Column("id", sa.BigInteger(), autoincrement=False, nullable=False),
        sa.Column("person_id", sa.BigInteger(), nullable=False),
        sa.Column("address", sa.String(length=80), nullable=False),
        sa.Column("chart", sa.String(length=20), nullable=False),
        sa.Column("wall", sa.Boolean(), nullable=False),
        sa.Column("problem_id", sa.BigInteger(), nullable=True),
        sa.Column("asked_at", sa.BigInteger(), nullable=False),
        sa.ForeignKeyConstraint(["address"], ["chats.address"], name=op.f("fk_chart_orders_address")),
        sa.ForeignKeyConstraint(["person_id"], ["persons.id"], name=op.f("fk_chart_orders_person_id")),
        sa.ForeignKeyConstraint(["problem_id"], ["problems.id"], name=op.f("fk_chart_orders_problem_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_chart_orders")),
    )
    with op.batch_alter_table("households", schema=None) as batch_op:
        batch_op.add_column(sa.Column("nickname", sa.String(length=40), server_default="", nullable=False))

    _index_passages()


def downgrade() -> None:
    if op.get_bind().dialect.name == "sqlite":
        op.execute("DROP TABLE passage_words")
    with op.batch_alter_table("households", schema=None) as batch_op:
        batch_op.drop_column("nickname")

    op.drop_table("chart_orders")
    op.drop_table("quiet_times")
    with op.batch_alter_table("passages", schema=None) as batch_op:
        batch_op.drop_index(batch_op.f("ix_passages_policy_id"))

    op.drop_table("passages")
    with op.batch_alter_table("broadcast_receipts", schema=None) as batch_op:
        batch_op.drop_index("ix_broadcast_receipts_receiver")

    op.drop_table("broadcast_receipts")
    with op.batch_alter_table("weekly_reports", schema=None) as batch_op:
        batch_op.drop_index("ix_weekly_reports_week")

    op.drop_table("weekly_reports")
    with op.batch_alter_table("policies", schema=None) as batch_op:
        batch_op.drop_index(batch_op.f("ix_policies_sha256"))
        batch_op.drop_index(batch_op.f("ix_policies_added_by"))

    op.drop_table("policies")
    op.drop_table("broadcasts")
    op.drop_table("mornings")
    op.drop_table("burden_days")
