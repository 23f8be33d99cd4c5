"""As in FastAPI, where these are Starlette's."""
