"""Troubles at Turso: the organization, its plan, the database's settings, tokens and contents."""

from __future__ import annotations

from deploybook.sandbox.core.service import Context
from deploybook.sandbox.scenarios.registry import by_hand, scenario
from deploybook.sandbox.turso.service import TursoService
from deploybook.sandbox.turso.state.platform import Database


@scenario("turso-organization")
async def quota_used_up(context: Context) -> None:
    """The organization has used up its plan's writes: Turso blocks reads and writes."""
    await context.service(TursoService).platform.block(reads=True, writes=True)


@by_hand("turso-organization")
async def plan_raised(context: Context) -> None:
    """Choose a larger plan: Turso lets the organization go on."""
    await context.service(TursoService).platform.block(reads=False, writes=False)


@scenario("turso-quota")
async def quota_used_up_unreported(context: Context) -> None:
    """The plan's reads and writes are used up: statements are refused, and the platform API does not show it."""
    await context.service(TursoService).platform.block(reads=True, writes=True, reported=False)


@by_hand("turso-quota")
async def plan_raised_after_all(context: Context) -> None:
    """Choose a larger plan."""
    await context.service(TursoService).platform.block(reads=False, writes=False)


@scenario("turso-archived")
async def group_archived(context: Context) -> None:
    """Nothing used the database for ten days: Turso archives its group, and the host of the database answers 502."""
    _database(context).group.archived = True


@scenario("drift")
async def writes_blocked(context: Context) -> None:
    """Somebody presses *Block writes* in the database's settings, and forgets it."""
    await context.service(TursoService).platform.configure_database(_database(context).name, {"block_writes": True})


@scenario("turso-token")
async def tokens_invalidated(context: Context) -> None:
    """Somebody presses *Invalidate tokens* in the database's settings."""
    await context.service(TursoService).platform.rotate_database(_database(context).name)


@scenario("database-errors")
async def column_dropped(context: Context) -> None:
    """Somebody drops a column of the jobs table in Turso's SQL console."""
    await _run(context, "ALTER TABLE audio_prep_jobs DROP COLUMN stage")


@by_hand("database-errors")
async def column_added(context: Context) -> None:
    """Add it in the SQL console."""
    await _run(context, "ALTER TABLE audio_prep_jobs ADD COLUMN stage")


def _database(context: Context) -> Database:
    return context.service(TursoService).platform.databases()[0]


async def _run(context: Context, sql: str) -> None:
    await context.service(TursoService).console(_database(context), sql)
