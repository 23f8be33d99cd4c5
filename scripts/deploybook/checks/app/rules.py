"""What is compared: the application's code against what the contract has set for each of its parts."""

from __future__ import annotations

from collections.abc import Iterator

from deploybook.checks.app.build_rules import (
    forced_pushes,
    late_variables,
    promised_modules,
    unbounded_pages,
)
from deploybook.checks.app.comparison import Compared
from deploybook.checks.app.connection_rules import kept_failures
from deploybook.checks.app.example_rules import untrue_examples
from deploybook.checks.app.exchange_rules import differing_fields
from deploybook.checks.app.exposure_rules import public_secrets, unseen_in_browsers
from deploybook.checks.app.image_rules import broken_steps, unstartable_programs
from deploybook.checks.app.import_rules import absent_imports
from deploybook.checks.app.job_rules import doubled_jobs, early_jobs
from deploybook.checks.app.literal_rules import foreign_defaults, literal_hosts, literal_names
from deploybook.checks.app.modal_image_rules import incomplete_images
from deploybook.checks.app.modal_rules import unmade_buckets, unmade_secrets
from deploybook.checks.app.program_rules import missing_programs
from deploybook.checks.app.route_rules import absent_routes, open_routes, opened_paths, refused_bodies
from deploybook.checks.app.storage_rules import named_buckets, refused_uploads
from deploybook.checks.app.store_rules import unfilled_stores
from deploybook.checks.app.variable_rules import (
    hidden_absences,
    unknown_to_scripts,
    unread_variables,
    unset_secrets,
    unset_variables,
)
from deploybook.checks.finding import Finding, Rule, Severity


def absent_parts(compared: Compared) -> Iterator[Finding]:
    """A part that is not there."""
    for title, place in compared.app.absent:
        hint = "Set --app to the root of the application's repository."
        message = f"There is no {title}: {place} is not there, or holds none."
        # The runbook ci_cd writes the workflow.
        severity = Severity.NOTE if title == "deploy workflow" else Severity.ERROR
        yield Finding(place, 1, "app-part-absent", message, hint, severity)


def unreadable_files(compared: Compared) -> Iterator[Finding]:
    """A file that can't be parsed."""
    for path, line, problem in compared.app.unreadable:
        message = f"The file can't be read ({problem}), so what it needs is not known."
        yield Finding(path, line, "app-file-unreadable", message, "Correct the syntax.")


RULES: tuple[Rule[Compared], ...] = (
    Rule(
        "app-part-absent",
        "An application has a Next.js app, worker/Dockerfile, a folder modal_app and a workflow. What is not found is not compared, so "
        "its absence is reported.",
        absent_parts,
    ),
    Rule("app-file-unreadable", "A Python file or workflow that does not parse hides what it reads.", unreadable_files),
    Rule(
        "app-variable-unset",
        "The runbooks set at each host what the contract says and nothing else: a variable that the code reads beyond that is missing in "
        "production. The web app is what Next.js calls and all that it imports, the worker what worker/Dockerfile starts, the render app "
        "modal_app/. A file that both import counts for both. Variables of the hosts (NODE_ENV, VERCEL_…, RENDER_…) and variables that "
        "the contract has as optional may be read anywhere.",
        unset_variables,
    ),
    Rule(
        "app-variable-unread",
        "The contract requires a variable at a host, and the guide makes an operator care for it; if no code there reads it, the statement "
        "is false. Required keys of a Modal secret count as read, and so does what a bucket mount or a library (read_by) reads by itself.",
        unread_variables,
    ),
    Rule(
        "app-default-hides",
        "process.env.X || '…', ?? '…', a default in a destructuring, a schema or os.environ.get, ENV in the Dockerfile: with it a variable "
        "that was forgotten is not missed, and the application does something else than it should. An empty string is no default.",
        hidden_absences,
    ),
    Rule(
        "app-modal-secret",
        "A Modal app finds its secrets by name. The runbook makes those that are consumers in the contract (modal:NAME), with those keys.",
        unmade_secrets,
    ),
    Rule(
        "app-modal-bucket",
        "A CloudBucketMount must name the bucket that the runbook r2 makes, and have its keys.",
        unmade_buckets,
    ),
    Rule(
        "app-workflow-secret",
        "A secret that is not set is empty in a workflow, without an error. The runbook ci_cd sets the contract's variables for github.",
        unset_secrets,
    ),
    Rule(
        "app-example",
        ".env.example is a statement about the code: what it shows is read, and what must be set is shown.",
        untrue_examples,
    ),
    Rule(
        "app-script-variable",
        "A script under scripts/ that belongs to no part is run by a person, with the variables and credentials of the contract.",
        unknown_to_scripts,
    ),
    Rule(
        "app-route-absent",
        "A page, the worker or a script calls a route of the web app by its path. One that is not there answers 404 with a page, not "
        "with what the caller reads. A part of a path that is filled in fits any folder.",
        absent_routes,
    ),
    Rule(
        "app-body-refused",
        "A route checks what it is sent (zod), and the caller sends something else: each such request is refused with 400. Only what is "
        "written out on both sides is compared.",
        refused_bodies,
    ),
    Rule(
        "app-store-unfilled",
        "A route that some part calls answers from an object in the process's memory, and no code puts anything into it: it answers that "
        "there is nothing, for ever. Only an exported single instance of a class with a Map is looked at.",
        unfilled_stores,
    ),
    Rule(
        "app-job-early",
        "A worker may claim a job in the moment in which it is in the queue. What is stored under the job's id after that comes too late "
        "for it. Looked for where a route makes a job in a store that the worker has too.",
        early_jobs,
    ),
    Rule(
        "app-job-twice",
        "A route that makes a job for the worker and runs it itself, in after() or waitUntil(), does work that the worker does too: two "
        "results for one request, unless the job is marked as taken first.",
        doubled_jobs,
    ),
    Rule(
        "app-failure-kept",
        "A promise of the first connection to a database that an object keeps for good: where it was refused once, the process is broken "
        "until it is started again. Looked for in classes of which a module keeps one instance.",
        kept_failures,
    ),
    Rule(
        "app-program-absent",
        "Vercel's functions have Node.js and no ffmpeg, and the worker's image what its Dockerfile installs. A program is looked for where "
        "it is started by its name.",
        missing_programs,
    ),
    Rule(
        "app-route-open",
        "A route of a production deployment can be called by anybody. One that reaches storage or the file system without looking at "
        "who calls lets strangers fill the bucket, or read it. A route asks if it, what it uses or the middleware before it reads "
        "a header, a cookie, a session, a token or a signature of the request, or refuses with 401 or 403. A token that the application "
        "fetches for itself says nothing about the caller.",
        open_routes,
    ),
    Rule(
        "app-route-file",
        "A route that opens a path which the request names gives away what the function can read: its code and its variables.",
        opened_paths,
    ),
    Rule(
        "app-fields-differ",
        "The worker submits a render to the render app's endpoint. Each side names the fields by itself, and a name that only one of them "
        "has is lost without an error, or refused. A field whose value no caller gives counts as not sent.",
        differing_fields,
    ),
    Rule(
        "app-image-build",
        "Render builds the worker from its Dockerfile: COPY finds its files, npm its workspaces, locks and scripts. Each step is followed "
        "over the repository's files less .dockerignore; what a program that is not known makes is taken to be there.",
        broken_steps,
    ),
    Rule(
        "app-image-start",
        "The image's CMD starts a file: it must be there, its packages installed where it finds them, and no alias of tsconfig.json left "
        "in what tsc wrote, which Node.js does not resolve.",
        unstartable_programs,
    ),
    Rule(
        "app-presigned-checksum",
        "Newer versions of the AWS SDK sign a checksum into every presigned PUT, and have no body to take it of. R2 compares it with what "
        "the browser sends and refuses it. Told WHEN_REQUIRED, in code or by a variable of the contract, the SDK signs none.",
        refused_uploads,
    ),
    Rule(
        "app-bucket-literal",
        "The runbook r2 makes one bucket and a token for it alone. Another bucket, named in the code, is refused or is another account's. "
        "A name behind constants counts, and so does an empty one.",
        named_buckets,
    ),
    Rule(
        "app-default-foreign",
        "A default that is the address of one account, project or app sends a forgotten variable's data to whoever owns that.",
        foreign_defaults,
    ),
    Rule(
        "app-label-literal",
        "Labels of Modal endpoints are unique in a workspace. Where the code has them as literals, staging takes production's.",
        literal_names,
    ),
    Rule(
        "app-host-literal",
        "An address of one deployment in the code holds for one environment only; the guide sets it by a variable.",
        literal_hosts,
    ),
    Rule(
        "app-secret-public",
        "Next.js writes each NEXT_PUBLIC_ variable, and what next.config has under env, into files that browsers load. Keys that are made "
        "to be public (publishable, anonymous, site keys) are left alone.",
        public_secrets,
    ),
    Rule(
        "app-browser-variable",
        "In a browser there is no process.env: a component marked 'use client' sees NEXT_PUBLIC_ variables only.",
        unseen_in_browsers,
    ),
    Rule(
        "app-require-promise",
        "Next.js loads some packages from outside its bundle, as ES modules, and makes each module that imports one asynchronous. "
        "require of such a module is a promise.",
        promised_modules,
    ),
    Rule(
        "app-import-absent",
        "An import of a file that is not in the repository, or that .vercelignore keeps from Vercel, fails the build. next build "
        "type-checks all that tsconfig.json includes, what nothing imports too. Folders that builds and generators write are passed over.",
        absent_imports,
    ),
    Rule(
        "app-suspense",
        "next build makes pages ahead of time. One that calls useSearchParams() outside a Suspense boundary fails, and the whole build "
        "fails (Next.js, 'Missing Suspense boundary with useSearchParams').",
        unbounded_pages,
    ),
    Rule(
        "app-build-database",
        "A build that pushes a schema by force changes the production database at each deploy, unseen, and may drop its tables.",
        forced_pushes,
    ),
    Rule(
        "app-inlined-late",
        "next build replaces NEXT_PUBLIC_ variables by their values. An image that is built before they are set keeps undefined for good.",
        late_variables,
    ),
    Rule(
        "app-modal-image",
        "The render app's image is built by Modal from Debian and pip: it installs what the code imports, from packages that are there.",
        incomplete_images,
    ),
)
