"""The deployed application itself, small but real: web app, worker, and nothing but their variables between them."""
