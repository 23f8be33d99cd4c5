"""``python -m deploybook``, and the console script: the command line, with nothing imported where Ctrl-C is not answered yet."""

from __future__ import annotations

import sys


def main() -> None:
    """Import the command line and run it. The import takes a moment, in which Ctrl-C shows one line as it does later."""
    sys.unraisablehook = repeat_interrupt
    try:
        from deploybook.cli import main as run
    except KeyboardInterrupt:
        print("\nstopped before anything was started", file=sys.stderr)
        sys.exit(130)
    run()


def repeat_interrupt(lost: sys.UnraisableHookArgs) -> None:
    """Have a Ctrl-C that came within a destructor or a callback, where Python drops every exception, come once more.

    Python's imports have such callbacks: one in some hundred interrupts at the start of a run was lost there.
    """
    if not issubclass(lost.exc_type, KeyboardInterrupt):
        sys.__unraisablehook__(lost)
        return
    import signal
    import threading

    # SIGTERM and SIGHUP are raised with their number. Not at once: whatever is raised within this hook is dropped as well.
    number = getattr(lost.exc_value, "number", signal.SIGINT)
    again = threading.Timer(0.01, signal.pthread_kill, [threading.main_thread().ident, number])
    again.daemon = True
    again.start()


if __name__ == "__main__":
    main()
