"""A clean-up that is killed between two rows: the next check finds those that are left."""

from __future__ import annotations

import json
import sqlite3
from types import SimpleNamespace
from typing import Any

import pytest
from pydantic import SecretStr

from deploybook.clouds import scratch, studio
from deploybook.clouds.studio.client import Answer

# A check of this machine whose process is gone.
NAME = f"{scratch.new_name().rsplit('-', 3)[0]}-7ffffff0-1700000000-{'0' * 16}"
# As the application has them: the preview names the asset alone, and only the upload's job says whose that is.
ROWS = {
    "upload": ("ingest", {"originalFilename": f"{NAME}.wav"}, {"assetId": "0b4d7c1e"}),
    "preview": ("preview", {"assetId": "0b4d7c1e"}, {}),
    "render": ("render", {"audio": f"assets/{NAME}/tone.wav"}, {}),
}


class Killed(BaseException):
    """The process ends here."""


class Table:
    """The application's table in SQLite; the statement that deletes one row more than ``rows`` is never carried out."""

    def __init__(self) -> None:
        self.rows = len(ROWS)
        self._database = sqlite3.connect(":memory:")
        self._database.row_factory = sqlite3.Row
        self._database.execute("CREATE TABLE audio_prep_jobs (jobId, type, status, metadata, result, updatedAt)")
        for job, (kind, metadata, result) in ROWS.items():
            row = (job, kind, "complete", json.dumps(metadata), json.dumps(result), "2026-01-02")
            self._database.execute("INSERT INTO audio_prep_jobs VALUES (?, ?, ?, ?, ?, ?)", row)

    def query(self, statement: str, *values: str) -> list[sqlite3.Row]:
        return self._database.execute(statement, values).fetchall()

    def execute(self, *statements: tuple[str, tuple[str, ...]]) -> None:
        for statement, values in statements:
            if not self.rows:
                raise Killed
            self.rows -= 1
            self._database.execute(statement, values)

    def jobs(self) -> list[str]:
        return [row["jobId"] for row in self.query("SELECT jobId FROM audio_prep_jobs")]


def journey(table: Table, **state: Any) -> studio.Journey:
    app: Any = SimpleNamespace(call=lambda *_, **__: Answer(200, {"data": {"assets": []}}))
    bucket: Any = SimpleNamespace(call=lambda *_, **__: {})
    database: Any = table
    return studio.Journey(app, bucket, database, SecretStr("x"), 60, **state)


@pytest.mark.parametrize("rows", range(len(ROWS)))
def test_what_a_killed_clean_up_left_is_removed_by_the_next_check(rows: int) -> None:
    table = Table()
    table.rows = rows
    with pytest.raises(Killed):
        studio.clean_up(journey(table, name=NAME))
    assert len(table.jobs()) == len(ROWS) - rows
    table.rows = len(ROWS)
    studio.take_inventory(journey(table))
    assert table.jobs() == []
