"""``python -m deploybook``."""

from deploybook.cli import main

main()
