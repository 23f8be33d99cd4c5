"""Each way of reading `process.env`: the names that are found, and what is taken in their stead."""

from __future__ import annotations

from pathlib import Path

import pytest

from deploybook.checks.app.graph import Graph
from deploybook.checks.app.sources import Sources

HELPER = """
export function needed(name: string): string { const value = process.env[name]; if (!value) throw name; return value; }
export const optional = (name: string, otherwise?: string) => process.env[name] ?? otherwise;
export function all(...names: string[]) { return names.map((name) => process.env[name]); }
"""
WAYS = {
    "process.env.A; process.env?.B; process.env['C']; process.env[`D`]!; process['env'].E; globalThis.process.env.F": "A B C D E F",
    "const { A, B: b, 'C': c, D = '4', E: e = '5', ...rest } = process.env": "A B C D='4' E='5'",
    "const env = process.env; env.A; env['B']; const { C } = env; env.toString()": "A B C",
    "let env; env = process.env; env.A": "A",
    "import { env } from 'node:process'; env.A": "A",
    "import { env as e } from 'process'; e.A": "A",
    "function f(e: NodeJS.ProcessEnv) { return e.A }": "A",
    "const f = ({ A, B = 'x' }: NodeJS.ProcessEnv = process.env) => A": "A B='x'",
    "function f({ env = process.env } = {}) { return env.A }": "A",
    "process.env.A ?? 'x'; process.env.B || `y`; (process.env.C as string) || 3; process.env.D?.trim() || 'z'": "A='x' B=`y` C=3 D='z'",
    "Number(process.env.A) || 3000; parseInt(process.env.B ?? '7', 10)": "A=3000 B='7'",
    "process.env.A || process.env.B || 'last'": "A='last' B='last'",
    "process.env.A ? process.env.A : 'x'": "A A='x'",
    "const DEFAULT = 'x'; process.env.A ?? DEFAULT; process.env.B ?? defaults.url": "A=DEFAULT B=defaults.url",
    "process.env.A ?? ''; process.env.B || undefined; process.env.C ?? null; process.env.D ?? fail()": "A B C D",
    "process.env.A ??= 'x'": "A='x'",
    "process.env.A = 'x'; delete process.env.B": "",
    "if ('A' in process.env) {}": "A",
    "const NAME = 'A_B'; process.env[NAME]": "A_B",
    "for (const name of ['A_A', 'B_B'] as const) if (!process.env[name]) throw name": "A_A B_B",
    "const NEEDED = ['A_A']; NEEDED.filter((name) => !process.env[name]); call(['other'])": "A_A",
    "import { needed } from './helper'; needed('A'); needed('B') ?? 'x'; other('C')": "A B='x'",
    "import { needed as must } from './index'; must('A')": "A",
    "import * as settings from './helper'; settings.needed('A')": "A",
    "import { optional } from './helper'; optional('A'); optional('B', 'x')": "A B='x'",
    "import { all } from './helper'; all('A', 'B')": "A B",
    "z.object({ A: z.string(), B: z.string().default('x'), C: z.url().optional() }).parse(process.env)": "A B='x' C",
    "export const env = createEnv({ server: { A: z.string() }, runtimeEnv: process.env })": "A",
    "spawn('x', { env: { ...process.env, A_A: 'x' } })": "",
    "// process.env.A\nconst text = 'process.env.B'": "",
    "<a href={process.env.A}>{process.env.B ?? 'x'}</a>": "A B='x'",
}


@pytest.mark.parametrize("code", WAYS)
def test_what_a_file_reads(code: str, tmp_path: Path) -> None:
    (tmp_path / "helper.ts").write_text(HELPER)
    (tmp_path / "index.ts").write_text("export * from './helper'")
    (tmp_path / "it.tsx").write_text(code)
    reads = Graph(Sources(tmp_path)).reads(["it.tsx"])
    assert {f"{read.name}={read.default}" if read.default else read.name for read in reads} == set(WAYS[code].split())


def test_a_cast_in_typescript_is_read_too(tmp_path: Path) -> None:
    (tmp_path / "it.ts").write_text("const a = <string>process.env.A;\n\nuse(process.env.B)")
    reads = Graph(Sources(tmp_path)).reads(["it.ts"])
    assert [(read.name, read.line) for read in reads] == [("A", 1), ("B", 3)]


@pytest.mark.parametrize(
    ("specifier", "reached"),
    [
        ("./b", True), ("./b.js", True), ("./b.ts", True), ("@/b", True), ("~lib", True), ("src/b", True), ("b", False), ("./c", False),
    ],
)  # fmt: skip
def test_an_import_leads_to_its_file(specifier: str, reached: bool, tmp_path: Path) -> None:
    (tmp_path / "src").mkdir()
    (tmp_path / "src/a.ts").write_text(f"import '{specifier}'")
    (tmp_path / "src/b.ts").write_text("")
    (tmp_path / "tsconfig.json").write_text('{"extends": "./base", "compilerOptions": {"baseUrl": ".",},}')
    (tmp_path / "base.json").write_text(
        '{"compilerOptions": {"paths": {"@/*": ["./src/*"], "~lib": ["src/b.ts"]}}} // shared'
    )
    assert ("src/b.ts" in Graph(Sources(tmp_path)).reachable(["src/a.ts"])) is reached


@pytest.mark.parametrize(
    "how", ["await import('./b')", "require('./b')", "export * from './b'", "new URL('./b.ts', import.meta.url)"]
)
def test_other_ways_of_loading_count(how: str, tmp_path: Path) -> None:
    (tmp_path / "a.ts").write_text(how)
    (tmp_path / "b.ts").write_text("import './a'")
    assert Graph(Sources(tmp_path)).reachable(["a.ts"]) == {"a.ts", "b.ts"}
