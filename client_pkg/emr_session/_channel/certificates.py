"""The certificate authorities that gRPC trusts: boto3's, or the caller's."""

from __future__ import annotations

import os
from pathlib import Path

from .._emr.aws import Aws
from ..errors import ConnectError

_BEGINS = "-----BEGIN CERTIFICATE-----"
GRPC_ROOTS = "GRPC_DEFAULT_SSL_ROOTS_FILE_PATH"


def root_certificates(given: bytes | str | os.PathLike[str] | None, aws: Aws) -> bytes | None:
    """The authorities to trust, as PEM; None for gRPC's own.

    The first of: ``given``; the file in ``GRPC_DEFAULT_SSL_ROOTS_FILE_PATH``, which gRPC reads
    itself; boto3's (``AWS_CA_BUNDLE``, ``ca_bundle`` of the profile, ``REQUESTS_CA_BUNDLE``).

    Raises:
        ConnectError: The file can't be read, or holds no certificate.
    """
    if isinstance(given, str) and _BEGINS in given:
        given = given.encode()
    if isinstance(given, bytes):
        return _checked(given, "root_certificates")
    if given is not None:
        return _read(given, "root_certificates")
    if GRPC_ROOTS in os.environ:
        return None
    path = aws.ca_bundle
    return _read(path, "AWS_CA_BUNDLE, or ca_bundle of the profile,") if path else None


def _read(path: str | os.PathLike[str], name: str) -> bytes:
    try:
        return _checked(Path(path).read_bytes(), f"{name} names {path}, which")
    except OSError as error:
        raise ConnectError(f"{name} names a file that can't be read: {error}") from error


def _checked(pem: bytes, what: str) -> bytes:
    if _BEGINS.encode() not in pem:
        raise ConnectError(f'{what} holds no certificate: PEM has lines "{_BEGINS}".')
    return pem
