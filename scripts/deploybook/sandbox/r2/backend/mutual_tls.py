"""SeaweedFS for us alone: its ports, of HTTP and of gRPC, serve only whoever presents a certificate of this start's authority.

Its master, volume and filer servers ask for no credential otherwise, and their pages answer anybody who can connect. The keys are in
the sandbox's directory, which only this user can read. Source: ``weed scaffold -config=security``.
"""

from __future__ import annotations

import ssl
from pathlib import Path

import trustme

# Every part of SeaweedFS that serves or calls another over gRPC, and over HTTP.
_GRPC = ("master", "volume", "filer", "s3", "admin", "worker", "client", "msg_broker", "msg_agent", "mq")
_HTTPS = ("master", "volume", "filer", "admin")


class MutualTls:
    """An authority with one certificate, for SeaweedFS as a server and for every client of it; files live in ``directory``."""

    def __init__(self, directory: Path) -> None:
        self._authority, self._certificate, self._key = (directory / f"{name}.pem" for name in ("ca", "cert", "key"))
        self._configuration = directory / "security.toml"

    def write(self) -> None:
        """Make the certificate, and SeaweedFS's ``security.toml``, which it reads in its working directory."""
        authority = trustme.CA(organization_name="deploybook sandbox, SeaweedFS")
        issued = authority.issue_cert("127.0.0.1", common_name="seaweedfs")
        authority.cert_pem.write_to_path(str(self._authority))
        self._key.touch(mode=0o600)
        issued.private_key_pem.write_to_path(str(self._key))
        self._certificate.write_bytes(b"".join(part.bytes() for part in issued.cert_chain_pems))
        pair = f'cert = "{self._certificate}"\nkey = "{self._key}"\n'
        both = f'{pair}ca = "{self._authority}"\n'
        sections = {"grpc": f'ca = "{self._authority}"\n', "https.client": f"enabled = true\n{both}"}
        sections |= {f"grpc.{part}": pair for part in _GRPC} | {f"https.{part}": both for part in _HTTPS}
        text = "".join(f"[{name}]\n{body}" for name, body in sections.items())
        self._configuration.write_text(text)

    def options(self) -> dict[str, object]:
        """The command line's part, which has the S3 gateway's."""
        return {
            "s3.cert.file": self._certificate,
            "s3.key.file": self._key,
            "s3.cacert.file": self._authority,
            "s3.tlsVerifyClientCert": "true",
        }

    def client(self, *protocols: str) -> ssl.SSLContext:
        """A TLS context that presents the certificate and trusts only this authority; ``protocols`` are offered by ALPN."""
        context = ssl.create_default_context(cafile=str(self._authority))
        context.load_cert_chain(self._certificate, self._key)
        if protocols:
            context.set_alpn_protocols(list(protocols))
        return context
