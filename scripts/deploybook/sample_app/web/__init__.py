"""The web app, as it runs on Vercel."""
