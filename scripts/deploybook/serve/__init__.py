"""The guide at work: the built pages on loopback, with a script that acts. Each action is a command line in a process of its own."""
