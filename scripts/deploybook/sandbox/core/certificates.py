"""A certificate authority made at start, so that clients speak https to the sandbox as they do to the provider."""

from __future__ import annotations

import ssl
from pathlib import Path

import trustme


class Certificates:
    """One authority and one server certificate for 127.0.0.1, localhost and the names in ``names``; files live in ``directory``."""

    def __init__(self, directory: Path, names: tuple[str, ...] = ()) -> None:
        self._authority = trustme.CA(organization_name="deploybook sandbox")
        self._names = ["127.0.0.1", "localhost"]
        self.authority_path = directory / "ca.pem"
        self.server_path = directory / "server.pem"
        self._authority.cert_pem.write_to_path(str(self.authority_path))
        self.cover(*names)

    def cover(self, *names: str) -> None:
        """Present a certificate for these names too, from the next listener on (some are known only when a service starts)."""
        self._names += names
        self._server = self._authority.issue_cert(*self._names)
        self.server_path.touch(mode=0o600)
        self._server.private_key_and_cert_chain_pem.write_to_path(str(self.server_path))

    def server_context(self) -> ssl.SSLContext:
        """A TLS context for a server that presents the certificate."""
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        self._server.configure_cert(context)
        return context

    def exports(self) -> dict[str, str]:
        """The variables by which OpenSSL, httpx, requests, boto3, the AWS CLI and Node.js trust the authority."""
        path = str(self.authority_path)
        return {
            "SSL_CERT_FILE": path,
            "REQUESTS_CA_BUNDLE": path,
            "AWS_CA_BUNDLE": path,
            "NODE_EXTRA_CA_CERTS": path,
        }
