"""The events of a run, how a turn joins its calls, and what Redis is yet to be told."""

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects import postgresql

revision = "20261121_0002"
down_revision = "20261121_0001"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_table(
        "run_events",
        sa.Column("run_id", sa.Text(), nullable=False),
        sa.Column("seq", sa.Integer(), autoincrement=False, nullable=False),
        sa.Column("at", sa.DateTime(timezone=True), server_default=sa.text("clock_timestamp()"), nullable=False),
        sa.Column("type", sa.Text(), nullable=False),
        sa.Column("turn", sa.Integer(), nullable=True),
        sa.Column("call_index", sa.Integer(), nullable=True),
        sa.Column("attempt", sa.Integer(), nullable=True),
        sa.Column("data", postgresql.JSONB(none_as_null=True, astext_type=sa.Text()), nullable=False),
        sa.ForeignKeyConstraint(["run_id"], ["runs.id"], name=op.f("fk_run_events_runs"), ondelete="CASCADE"),
        sa.PrimaryKeyConstraint("run_id", "seq", name=op.f("pk_run_events")),
    )
    op.create_table(
        "closings",
        sa.Column("run_id", sa.Text(), nullable=False),
        sa.Column("turn", sa.Integer(), autoincrement=False, nullable=False),
        sa.Column("created_at", sa.DateTime(timezone=True), server_default=sa.text("now()"), nullable=False),
        sa.PrimaryKeyConstraint("run_id", "turn", name=op.f("pk_closings")),
    )
    op.add_column("tool_calls", sa.Column("epoch", sa.Text(), nullable=True))
    op.add_column("runs", sa.Column("last_event", sa.Integer(), server_default="0", nullable=False))
    op.add_column("runs", sa.Column("start_within_s", sa.Float(), nullable=True))
    op.add_column("runs", sa.Column("turn_deadline_s", sa.Float(), nullable=True))
    op.add_column("runs", sa.Column("turn_deadline_at", sa.DateTime(timezone=True), nullable=True))
    op.add_column("runs", sa.Column("fail_fast", sa.Boolean(), server_default=sa.false(), nullable=False))


def downgrade() -> None:
    for column in ("fail_fast", "turn_deadline_at", "turn_deadline_s", "start_within_s", "last_event"):
        op.drop_column("runs", column)
    op.drop_column("tool_calls", "epoch")
    op.drop_table("closings")
    op.drop_table("run_events")
