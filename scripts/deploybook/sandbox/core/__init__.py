"""What every emulated provider is built of: one API by a table of operations, and the ports, processes and records around it."""
