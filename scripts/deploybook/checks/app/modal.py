"""The Modal app: what its code reads, which secrets of the workspace it asks for, and which bucket it mounts."""

from __future__ import annotations

import ast
from collections.abc import Iterable, Iterator
from dataclasses import dataclass

from deploybook.checks.app.endpoints import Endpoint, endpoints
from deploybook.checks.app.python import PythonFile
from deploybook.checks.app.reads import Read, is_name


@dataclass(frozen=True)
class Secret:
    """A secret asked for by its name; ``keys`` are those that it must have. ``attached``: to a function, or to a mount."""

    name: str
    path: str
    line: int
    keys: tuple[str, ...]
    attached: bool
    mounted: bool


@dataclass(frozen=True)
class Mount:
    """A bucket mount. ``variables`` are those that its name comes from; ``written`` is the expression."""

    path: str
    line: int
    variables: frozenset[str]
    written: str
    has_secret: bool


@dataclass(frozen=True)
class ModalApp:
    """The app. ``at_deploy`` is read where it is deployed, to make a secret of it; ``provided`` are the keys of such secrets.

    ``unmade`` are secrets made of whatever lies where the app is deployed.
    """

    reads: tuple[Read, ...] = ()
    at_deploy: tuple[Read, ...] = ()
    provided: frozenset[str] = frozenset()
    secrets: tuple[Secret, ...] = ()
    mounts: tuple[Mount, ...] = ()
    unmade: tuple[Read, ...] = ()
    endpoints: tuple[Endpoint, ...] = ()
    files: tuple[PythonFile, ...] = ()


def scan(files: Iterable[PythonFile]) -> ModalApp:
    """What the files of one app come to."""
    files = list(files)
    readers = {name: reader for module in files for name, reader in module.accesses.readers.items()}
    reads = [read for module in files for read in module.accesses.reads]
    for file in files:
        for call in file.accesses.calls:
            if reader := readers.get(call.function.rpartition(".")[2]):
                reads += reader.reads(call, file.path)
    made = [_Calls(module) for module in files]
    return ModalApp(
        reads=tuple(sorted(set(reads))),
        at_deploy=tuple(read for calls in made for read in calls.at_deploy(reads)),
        provided=frozenset(key for calls in made for key in calls.provided()),
        secrets=tuple(secret for calls in made for secret in calls.secrets()),
        mounts=tuple(mount for calls in made for mount in calls.mounts()),
        unmade=tuple(read for calls in made for read in calls.unmade()),
        endpoints=tuple(endpoints(files)),
        files=tuple(files),
    )


class _Calls:
    """The calls of Modal's own classes in one file."""

    def __init__(self, file: PythonFile) -> None:
        self._file = file
        self._assigned = {
            node.targets[0].id: node.value
            for node in ast.walk(file.tree)
            if isinstance(node, ast.Assign) and isinstance(node.targets[0], ast.Name)
        }
        self._calls = [node for node in ast.walk(file.tree) if isinstance(node, ast.Call)]
        self._attached = self._named_in("secrets", "secret")
        self._mounted = self._named_in("secret")

    def secrets(self) -> Iterator[Secret]:
        """`Secret.from_name("…", required_keys=[…])`."""
        for call in self._of("Secret.from_name"):
            options = {keyword.arg: keyword.value for keyword in call.keywords}
            name_node = call.args[0] if call.args else options.get("name") or options.get("label")
            name = self._file.value(name_node) or (ast.unparse(name_node) if name_node else "")
            keys = tuple(
                key for element in _elements(options.get("required_keys")) if (key := self._file.value(element))
            )
            yield Secret(name, self._file.path, call.lineno, keys, call in self._attached, call in self._mounted)

    def mounts(self) -> Iterator[Mount]:
        """`CloudBucketMount(bucket_name=…, secret=…)`."""
        for call in self._of("CloudBucketMount"):
            options = {keyword.arg: keyword.value for keyword in call.keywords}
            name = call.args[0] if call.args else options.get("bucket_name")
            if name is not None:
                strings = frozenset(self._strings(name))
                written = self._file.value(name) or ast.unparse(name)
                variables = frozenset(text for text in strings if is_name(text))
                yield Mount(self._file.path, call.lineno, variables, written, "secret" in options)

    def provided(self) -> Iterator[str]:
        """The keys of `Secret.from_dict({…})` and `Secret.from_local_environ([…])`."""
        for call in self._of("Secret.from_dict"):
            if call.args and isinstance(call.args[0], ast.Dict):
                yield from (key for key_node in call.args[0].keys if (key := self._file.value(key_node)))
        for call in self._of("Secret.from_local_environ"):
            yield from (
                key for element in _elements(call.args[0] if call.args else None) if (key := self._file.value(element))
            )

    def at_deploy(self, reads: Iterable[Read]) -> Iterator[Read]:
        """What these secrets are made of: read by whoever deploys."""
        for call in self._of("Secret.from_dict"):
            lines = range(call.lineno, (call.end_lineno or call.lineno) + 1)
            yield from (read for read in reads if read.path == self._file.path and read.line in lines)
        for call in self._of("Secret.from_local_environ"):
            for element in _elements(call.args[0] if call.args else None):
                if key := self._file.value(element):
                    yield Read(key, self._file.path, element.lineno)

    def unmade(self) -> Iterator[Read]:
        """`Secret.from_dotenv()`: whatever lies beside the app when it is deployed."""
        for call in self._of("Secret.from_dotenv"):
            yield Read("Secret.from_dotenv", self._file.path, call.lineno)

    def _of(self, name: str) -> list[ast.Call]:
        return [call for call in self._calls if f".{ast.unparse(call.func)}".endswith(f".{name}")]

    def _named_in(self, *keywords: str) -> set[ast.expr]:
        """The calls that stand in these arguments, by themselves or through a name."""
        expressions: set[ast.expr] = set()
        for call in self._calls:
            for keyword in call.keywords:
                if keyword.arg in keywords:
                    for node in ast.walk(keyword.value):
                        named = self._assigned.get(node.id) if isinstance(node, ast.Name) else node
                        # A list of secrets may have a name too.
                        expressions |= {one for one in ast.walk(named) if isinstance(one, ast.Call)} if named else set()
                        expressions |= self._inside(named)
        return expressions

    def _inside(self, node: ast.AST | None) -> set[ast.expr]:
        names = {one.id for one in ast.walk(node) if isinstance(one, ast.Name)} if node else set()
        return {value for name in names if isinstance(value := self._assigned.get(name), ast.Call)}

    def _strings(self, node: ast.expr, depth: int = 3) -> Iterator[str]:
        for child in ast.walk(node):
            if isinstance(child, ast.Constant) and isinstance(child.value, str):
                yield child.value
            elif isinstance(child, ast.Name) and depth and child.id in self._assigned:
                yield from self._strings(self._assigned[child.id], depth - 1)


def _elements(node: ast.expr | None) -> list[ast.expr]:
    return node.elts if isinstance(node, ast.List | ast.Tuple) else []
