"""What a run may spend, the form of its answer, the run before it, and what its providers say of a model call."""

import sqlalchemy as sa
from alembic import op

revision = "20261121_0003"
down_revision = "20261121_0002"
branch_labels = None
depends_on = None

_COST = sa.Numeric(18, 9)
_COUNTS = ("cached_tokens", "cache_write_tokens", "reasoning_tokens")


def upgrade() -> None:
    op.create_table(
        "model_providers",
        sa.Column("name", sa.Text(), nullable=False),
        sa.Column("problem", sa.Text(), nullable=True),
        sa.Column("seen_at", sa.DateTime(timezone=True), server_default=sa.text("now()"), nullable=False),
        sa.PrimaryKeyConstraint("name", name=op.f("pk_model_providers")),
    )
    for table in ("runs", "turns"):
        for count in _COUNTS:
            op.add_column(table, sa.Column(count, sa.BigInteger(), server_default="0", nullable=False))
        op.add_column(table, sa.Column("cost_usd", _COST, nullable=True))
    for column in ("result_tools", "response_format", "warnings"):
        op.add_column("runs", sa.Column(column, sa.JSON(none_as_null=True), nullable=True))
    op.add_column("runs", sa.Column("previous_run_id", sa.Text(), nullable=True))
    op.create_foreign_key(op.f("fk_runs_runs"), "runs", "runs", ["previous_run_id"], ["id"])
    op.create_index(op.f("ix_runs_previous_run_id"), "runs", ["previous_run_id"])
    op.add_column("runs", sa.Column("max_total_tokens", sa.BigInteger(), nullable=True))
    op.add_column("runs", sa.Column("max_tool_calls", sa.Integer(), nullable=True))
    op.add_column("runs", sa.Column("used_tool_calls", sa.Integer(), server_default="0", nullable=False))
    op.add_column("runs", sa.Column("max_cost_usd", _COST, nullable=True))
    op.add_column("runs", sa.Column("max_repairs", sa.Integer(), server_default="1", nullable=False))
    op.add_column("runs", sa.Column("repairs", sa.Integer(), server_default="0", nullable=False))
    op.add_column("runs", sa.Column("stream", sa.Boolean(), server_default=sa.false(), nullable=False))
    op.add_column("turns", sa.Column("provider", sa.Text(), server_default="openai", nullable=False))
    op.add_column("turns", sa.Column("raw", sa.JSON(none_as_null=True), nullable=True))
    op.add_column("turns", sa.Column("feedback", sa.Text(), nullable=True))
    op.add_column("tool_calls", sa.Column("execute", sa.Boolean(), server_default=sa.true(), nullable=False))


def downgrade() -> None:
    op.drop_column("tool_calls", "execute")
    for column in ("feedback", "raw", "provider"):
        op.drop_column("turns", column)
    op.drop_constraint(op.f("fk_runs_runs"), "runs", type_="foreignkey")
    op.drop_index(op.f("ix_runs_previous_run_id"), "runs")
    for column in (
        *("stream", "repairs", "max_repairs", "max_cost_usd", "used_tool_calls", "max_tool_calls"),
        *("max_total_tokens", "previous_run_id", "response_format", "result_tools", "warnings"),
    ):
        op.drop_column("runs", column)
    for table in ("runs", "turns"):
        for column in ("cost_usd", *_COUNTS):
            op.drop_column(table, column)
    op.drop_table("model_providers")
