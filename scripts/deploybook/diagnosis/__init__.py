"""What is wrong, and which troubleshooting entry fixes it: the sections' checks, and the reasoning from what fails to its cause."""
