"""The session service's errors, each with its HTTP status."""


class ServiceError(Exception):
    """An error answer: its code is what botocore raises it under."""

    code = "InternalServerException"
    status = 500

    def __init__(self, message: str) -> None:
        super().__init__(message)
        self.message = message


class AccessDenied(ServiceError):
    """The caller's policies don't allow the request."""

    code = "AccessDeniedException"
    status = 403


class Conflict(ServiceError):
    """The state of the resource, or an earlier request's token, is in the way."""

    code = "ConflictException"
    status = 409


class Malformed(ServiceError):
    """The body isn't JSON, or a value in it has the wrong JSON type."""

    code = "SerializationException"
    status = 400


class NotFound(ServiceError):
    """No such application, session or resource."""

    code = "ResourceNotFoundException"
    status = 404


class QuotaExceeded(ServiceError):
    """The application has as many sessions as it may have."""

    code = "ServiceQuotaExceededException"
    status = 402


class UnknownOperation(ServiceError):
    """No operation of the service has this method and path."""

    code = "UnknownOperationException"
    status = 404


class Unsupported(ServiceError):
    """An operation of the real service that is not imitated here."""

    code = "NotImplementedException"
    status = 501


class Validation(ServiceError):
    """The request breaks a constraint of the service model, or a precondition."""

    code = "ValidationException"
    status = 400
