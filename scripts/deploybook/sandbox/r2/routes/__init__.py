"""What an S3 request asks for, claims, and must not hold."""
