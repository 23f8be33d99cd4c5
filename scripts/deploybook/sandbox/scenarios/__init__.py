"""The states of the world that the troubleshooting entries are about, each made the way the world really gets into it."""
