"""What providers answered a run, kept without any secret, id or name, and compared with what the sandbox answers."""

from deploybook.recordings.comparing import compare
from deploybook.recordings.recording import FOLDER_VARIABLE, Recording, begin

__all__ = ["FOLDER_VARIABLE", "Recording", "begin", "compare"]
