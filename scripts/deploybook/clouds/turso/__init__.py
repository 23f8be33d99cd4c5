"""Turso: the group, the database, its token, and the checks that prove them."""

from deploybook.clouds.turso.checks import (
    answers,
    claimants_never_meet,
    claims_in_one_transaction,
    jobs_are_stored,
    jobs_table_fits,
    location_exists,
    organization_is_usable,
    token_is_valid,
    url_is_the_databases,
    wrong_tokens_are_refused,
)
from deploybook.clouds.turso.database_token import DatabaseToken
from deploybook.clouds.turso.hrana import LibSql
from deploybook.clouds.turso.resources import Database, Group

__all__ = [
    "Database",
    "DatabaseToken",
    "Group",
    "LibSql",
    "answers",
    "claimants_never_meet",
    "claims_in_one_transaction",
    "jobs_are_stored",
    "jobs_table_fits",
    "location_exists",
    "organization_is_usable",
    "token_is_valid",
    "url_is_the_databases",
    "wrong_tokens_are_refused",
]
