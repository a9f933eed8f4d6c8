"""EMR Serverless as a service of MiniStack.

The only place where the session service is tied into MiniStack: its router,
its handlers and its CloudFormation types. All of these are private to
MiniStack, whose version is therefore pinned, and a test says that they exist.
"""

from collections.abc import Awaitable, Callable, Mapping, Sequence
from typing import Any

from ministack import app as ministack_app
from ministack.core import responses, router
from ministack.services.cloudformation import provisioners

from ..sessions import LoggedRequest, SessionService
from ..sessions.backing import Backing
from ..sessions.permissions import TagsCheckedOn
from ..sessions.service import Response
from . import boundaries, buckets, functions, log_groups, quotas, schedules, warm_workers
from .cloudformation import api, long_poll
from .cloudformation.application_resource import (
    REPLACING_PROPERTIES,
    RESOURCE_TYPE,
    ApplicationResource,
)
from .iam import IamAuthorizer

SERVICE = "emr-serverless"

Application = Callable[[Any, Any, Any], Awaitable[None]]


class Layer:
    """The session service of every account and region that asks for it."""

    def __init__(
        self,
        *,
        start_seconds: float,
        stop_seconds: float = 1.0,
        backing: Backing | None = None,
        listener: Callable[[LoggedRequest], None] | None = None,
        tags_checked_on: TagsCheckedOn = "application",
    ) -> None:
        self._start_seconds = start_seconds
        self._stop_seconds = stop_seconds
        self._backing = backing
        self._listener = listener
        self._tags_checked_on = tags_checked_on
        self._services: dict[tuple[str, str], SessionService] = {}

    def service(self) -> SessionService:
        """The service for the account and region of the request that MiniStack is at."""
        account, region = responses.get_account_id(), responses.get_region()
        if (account, region) not in self._services:
            self._services[account, region] = SessionService(
                account=account,
                region=region,
                start_seconds=self._start_seconds,
                stop_seconds=self._stop_seconds,
                authorizer=IamAuthorizer(),
                backing=self._backing,
                listener=self._listener,
                tags_checked_on=self._tags_checked_on,
            )
        return self._services[account, region]

    def pass_time(self) -> None:
        """Let sessions do what time alone does, though nobody asks for them."""
        for service in list(self._services.values()):
            service.sessions()

    def install(self) -> None:
        """Add the service and its CloudFormation type, and CloudFormation's operations."""
        router.SERVICE_PATTERNS[SERVICE] = {"host_patterns": [r"emr-serverless\."]}
        ministack_app.SERVICE_REGISTRY[SERVICE] = {"module": SERVICE}
        ministack_app.SERVICE_HANDLERS[SERVICE] = self._handle
        resource = ApplicationResource(self.service)
        provisioners._RESOURCE_HANDLERS[RESOURCE_TYPE] = {
            "create": resource.create,
            "update": resource.update,
            "delete": resource.delete,
        }
        provisioners._STACK_TAG_PROPERTY[RESOURCE_TYPE] = ("Tags", "list")
        provisioners._REPLACING_PROPERTIES[RESOURCE_TYPE] = tuple(REPLACING_PROPERTIES)
        api.install()
        handlers = ministack_app.SERVICE_HANDLERS
        handlers["cloudformation"] = long_poll.held(handlers["cloudformation"])
        boundaries.install()
        buckets.install()
        functions.install()
        log_groups.install()
        quotas.install()
        schedules.install()
        warm_workers.install()

    async def _handle(
        self,
        method: str,
        path: str,
        headers: Mapping[str, str],
        body: bytes,
        query: Mapping[str, Sequence[str]],
    ) -> Response:
        return self.service().handle(method, path, headers, body, query)


def as_https(application: Application) -> Application:
    """The same application, told that every request came by https.

    The CDK's bootstrap bucket refuses plain http, which is what a loopback
    address is served by.
    """

    async def wrapped(scope: Any, receive: Any, send: Any) -> None:
        if scope["type"] == "http":
            scope = {**scope, "scheme": "https"}
        await application(scope, receive, send)

    return wrapped
