"""The application that the guide deploys, small but real: a web app and a worker that share their variables and nothing else."""
