"""What the checks and the sandbox both read of an application's checkout: Dockerfiles, and what a build leaves out."""
