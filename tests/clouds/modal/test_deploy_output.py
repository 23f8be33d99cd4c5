"""What `modal deploy` printed is quoted where it says why: the last lines of the step that failed."""

from __future__ import annotations

from deploybook.clouds.modal.deploying import last_lines

STEPS = "Building image im-1\n=> Step 0: FROM base\n=> Step 1: RUN npm ci\nadded 300 packages\n=> Step 2: RUN npm run build\n"
REASON = "\nError: Image build for im-1 failed with the exception:\nerror: failed to solve: exit code: 1\n"


def test_the_failing_step_s_last_lines_are_quoted() -> None:
    printed = "".join(f"line {number}\n" for number in range(20))
    assert last_lines(f"{STEPS}{printed}{REASON}").startswith(" Last lines of the build: line 10 | line 11")


def test_what_an_earlier_step_printed_is_not_quoted() -> None:
    assert last_lines(f"{STEPS}Type error\n{REASON}") == " Last lines of the build: Type error"


def test_a_failure_that_is_no_image_s_quotes_no_build() -> None:
    assert last_lines(f"{STEPS}Type error\nError: Secret 'render-auth' not found\n") == ""


def test_a_step_that_printed_nothing_adds_nothing() -> None:
    assert last_lines(f"{STEPS}{REASON}") == ""
