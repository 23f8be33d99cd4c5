"""The dialect of the sandbox's providers, in a provider that is nobody's."""

from __future__ import annotations

import asyncio
from typing import Any

import httpx
import pytest
from pydantic import ConfigDict, Field
from pydantic.alias_generators import to_camel

from deploybook.sandbox.core import paging
from deploybook.sandbox.core.api import Answer, Api, Call, Operation, operation
from deploybook.sandbox.core.limits import Limit
from deploybook.sandbox.core.refusals import Refusal
from deploybook.sandbox.core.schema import Body, NotHere, NotHereUnlessEmpty, View, if_any

TWICE = Limit(2, 60, "shelf")


class BookBody(Body):
    model_config = ConfigDict(alias_generator=to_camel)

    short_title: str = Field(min_length=1)
    pages: int = 1
    cover: NotHere = None
    labels: NotHereUnlessEmpty = None


class BookView(View):
    model_config = ConfigDict(alias_generator=to_camel)

    short_title: str
    lent_to: str | None = if_any()


class LibraryCall(Call[list[str], str]):
    pass


class LibraryApi(Api[LibraryCall]):
    kind = LibraryCall
    base = "/v1"

    def admit(self, call: LibraryCall) -> str:
        if call.bearer() != "reader":
            raise Refusal(401, "who are you?")
        call.headers["X-Request"] = "7"
        if call.operation.needs:
            call.charge(call.operation.needs, "books")
        return call.bearer()

    def error(self, refusal: Refusal) -> Any:
        return {"error": refusal.message, **refusal.details}


async def _list(call: LibraryCall) -> list[BookView]:
    titles = paging.after(call.state, str, call.query("after"), call.number("limit", 10, 1, 20)).items
    return [BookView(short_title=title) for title in titles]


async def _create(call: LibraryCall) -> BookView:
    body = await call.body(BookBody)
    call.state.append(body.short_title)
    return BookView(short_title=body.short_title, lent_to=call.caller)


async def _delete(call: LibraryCall) -> Answer:
    if call.path("title") not in call.state:
        raise Refusal(404, "no such book", title=call.path("title"))
    call.state.remove(call.path("title"))
    return Answer(status=204)


OPERATIONS: tuple[Operation[LibraryCall], ...] = (
    operation("GET", ("/books", "/shelf"), _list, query="after limit"),
    operation("POST", "/books", _create, status=201),
    operation("DELETE", "/books/{title}", _delete, needs=TWICE),
)


class Library:
    """A client of the API, over no network."""

    def __init__(self) -> None:
        self._transport = httpx.ASGITransport(LibraryApi(["a", "b", "c"], OPERATIONS).app())

    def request(self, method: str, path: str, token: str = "reader", **rest: Any) -> httpx.Response:
        async def answer() -> httpx.Response:
            headers = {"Authorization": f"Bearer {token}"}
            async with httpx.AsyncClient(
                transport=self._transport, base_url="http://library", headers=headers
            ) as client:
                return await client.request(method, path, **rest)

        return asyncio.run(answer())

    def get(self, path: str, **query: Any) -> httpx.Response:
        return self.request("GET", path, params=query)

    def delete(self, path: str) -> httpx.Response:
        return self.request("DELETE", path)


@pytest.fixture
def library() -> Library:
    return Library()


def test_views_are_written_by_alias_and_without_what_is_not_there(library: Library) -> None:
    assert library.get("/v1/books", limit=1).json() == [{"shortTitle": "a"}]
    made = library.request("POST", "/v1/books", json={"shortTitle": "d"})
    assert made.status_code == 201
    assert made.json() == {"shortTitle": "d", "lentTo": "reader"}


def test_one_operation_may_have_two_paths(library: Library) -> None:
    assert library.get("/v1/shelf").json() == library.get("/v1/books").json()


def test_a_cursor_survives_what_it_names(library: Library) -> None:
    library.delete("/v1/books/b")
    assert library.get("/v1/books", after="b").json() == [{"shortTitle": "c"}]


@pytest.mark.parametrize(
    ("method", "path"), [("GET", "/v1/films"), ("PATCH", "/v1/books"), ("GET", "/"), ("OPTIONS", "/v1/books")]
)
def test_what_is_not_in_the_table_is_said_by_name_to_whoever_is_admitted(
    library: Library, method: str, path: str
) -> None:
    answer = library.request(method, path)
    assert answer.status_code == 501
    assert answer.json() == {"error": f"not implemented in the sandbox: {method} {path}"}
    assert library.request(method, path, token="thief").status_code == 401


def test_a_query_parameter_that_is_not_applied_does_not_look_applied(library: Library) -> None:
    answer = library.get("/v1/books", author="x")
    assert answer.status_code == 501
    assert "author" in answer.json()["error"]


@pytest.mark.parametrize("limit", ["0", "21", "x", "1.5", "-1"])
def test_a_number_out_of_range_is_refused(library: Library, limit: str) -> None:
    assert library.get("/v1/books", limit=limit).status_code == 400


@pytest.mark.parametrize(
    ("body", "status", "words"),
    [
        ("{", 400, "invalid JSON"),
        ("", 400, "invalid JSON"),
        ("[]", 400, "body"),
        ("{}", 400, "shortTitle"),
        ('{"shortTitle": ""}', 400, "shortTitle"),
        ('{"shortTitle": "d", "pages": "1"}', 400, "pages"),
        ('{"short_title": "d"}', 400, "shortTitle"),
        ('{"shortTitle": "d", "isbn": "1"}', 400, "isbn"),
        ('{"shortTitle": "d", "cover": null}', 501, "cover"),
        ('{"shortTitle": "d", "labels": ["x"]}', 501, "labels"),
        ('{"shortTitle": "d", "labels": []}', 201, ""),
    ],
)
def test_a_body_holds_what_its_schema_says(library: Library, body: str, status: int, words: str) -> None:
    answer = library.request("POST", "/v1/books", content=body)
    assert answer.status_code == status
    assert words in answer.text


def test_a_refusal_is_written_as_the_provider_writes_it_with_the_headers_of_every_answer(library: Library) -> None:
    answer = library.delete("/v1/books/z")
    assert answer.status_code == 404
    assert answer.json() == {"error": "no such book", "title": "z"}
    assert answer.headers["X-Request"] == "7"


def test_calls_beyond_the_limit_are_refused_with_the_time_to_wait(library: Library) -> None:
    assert [library.delete(f"/v1/books/{title}").status_code for title in "abc"] == [204, 204, 429]
    assert 1 <= int(library.delete("/v1/books/c").headers["Retry-After"]) <= 60
