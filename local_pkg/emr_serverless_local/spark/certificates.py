"""The certificate of the sessions' endpoints, and its authority, new for each local AWS."""

from pathlib import Path

import grpc
import trustme

# gRPC resolves every name of .localhost to loopback by itself. It takes no
# certificate for *.localhost, whose rest is a top-level domain.
DOMAIN = "emr-serverless.localhost"


class Certificates:
    """An authority of its own, and the one certificate that it has signed."""

    def __init__(self) -> None:
        self._authority = trustme.CA(organization_name="local AWS")
        self._leaf = self._authority.issue_cert(f"*.{DOMAIN}")

    def write_authority(self, path: Path) -> None:
        """Write what clients have to trust, as PEM."""
        self._authority.cert_pem.write_to_path(str(path))

    def server_credentials(self) -> grpc.ServerCredentials:
        """What an endpoint shows to its clients."""
        chain = b"".join(part.bytes() for part in self._leaf.cert_chain_pems)
        return grpc.ssl_server_credentials([(self._leaf.private_key_pem.bytes(), chain)])
