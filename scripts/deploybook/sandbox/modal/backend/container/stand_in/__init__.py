"""Packages that an image installs and this machine may lack; on a container's path only where they are missing."""
