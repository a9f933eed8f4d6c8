"""The session service of one account and region, with all operations.

``SessionService.handle`` answers an HTTP request; a few methods more are for
tests. No MiniStack, no network, no threads, no sleep. Time passes as its clock
says. What runs behind its sessions is a ``Backing``'s.
"""

import base64
import secrets
import string
import threading
import uuid
from collections.abc import Callable, Mapping, Sequence
from typing import Any

from ..clock import Clock, SystemClock
from ..names import OVER_STATES, USABLE_STATES, application_arn, session_arn
from . import wire
from .application import Application
from .backing import BackedSession, Backing, NoBacking
from .errors import (
    AccessDenied,
    Conflict,
    NotFound,
    QuotaExceeded,
    ServiceError,
    Unsupported,
    Validation,
)
from .log import LoggedRequest
from .permissions import AllowAll, Authorizer, Caller, TagsCheckedOn, required_permissions
from .release import spark_defaults
from .session import Session
from .tokens import Tokens

# A Spark property that makes a session go to FAILED; its value ends up in stateDetails.
FAIL_PROPERTY = "spark.emr-serverless.local.fail"
RESERVED_PROPERTY = "spark.connect.grpc.binding.address"
MAXIMUM_SESSIONS = 25
PAGE = 50

Response = tuple[int, dict[str, str], bytes]
Params = Mapping[str, Any]


class SessionService:
    """EMR Serverless sessions and applications of one account and region, in memory.

    Args:
        clock: Time. Default: the system's.
        region: The region.
        account: The account's number.
        start_seconds: How long a session takes from SUBMITTED to STARTED.
        stop_seconds: How long sessions and applications take to end.
        create_seconds: How long an application takes to be created.
        authorizer: Decides who may call what. Default: everybody may call everything.
        backing: What runs behind sessions. Default: nothing.
        listener: Called with each request after it was answered.
        tags_checked_on: The ARN on which TagResource is checked when a session starts with tags.

    Attributes:
        requests: All requests, oldest first.
    """

    def __init__(
        self,
        *,
        clock: Clock | None = None,
        region: str = "us-east-1",
        account: str = "000000000000",
        start_seconds: float = 3.0,
        stop_seconds: float = 1.0,
        create_seconds: float = 0.0,
        authorizer: Authorizer | None = None,
        backing: Backing | None = None,
        listener: Callable[[LoggedRequest], None] | None = None,
        tags_checked_on: TagsCheckedOn = "application",
    ) -> None:
        self.clock = clock or SystemClock()
        self.region = region
        self.account = account
        self.start_seconds = start_seconds
        self.stop_seconds = stop_seconds
        self.create_seconds = create_seconds
        self.requests: list[LoggedRequest] = []
        self._authorizer = authorizer or AllowAll(account)
        self._backing = backing or NoBacking()
        self._listener = listener
        self._tags_checked_on = tags_checked_on
        self._lock = threading.RLock()
        self._applications: dict[str, Application] = {}
        self._sessions: dict[tuple[str, str], Session] = {}
        self._tokens = Tokens()
        self._answers: dict[tuple[str, str], tuple[Params, Params]] = {}

    def handle(
        self,
        method: str,
        path: str,
        headers: Mapping[str, str],
        body: bytes,
        query: Mapping[str, Sequence[str]],
    ) -> Response:
        """Answer an HTTP request. ``query`` has a list of values for each name."""
        answer_headers = {
            "Content-Type": "application/json",
            "x-amzn-RequestId": str(uuid.uuid4()),
        }
        name: str = "Unknown"
        params: Params = {}
        try:
            operation, params = wire.parse(method, path, body, query)
            name = operation.name
            wire.check(operation, params)
            with self._lock:
                result = self._perform(name, params, Caller(headers, query))
        except ServiceError as error:
            more, content = wire.render_error(error)
            self._log(LoggedRequest(name, params, error.status, error=error.code))
            return error.status, {**answer_headers, **more}, content
        kept = {field: value for field, value in result.items() if field != "authToken"}
        self._log(LoggedRequest(name, params, 200, result=kept))
        return 200, answer_headers, wire.render(operation, result)

    def perform(self, operation: str, params: Params) -> dict[str, Any]:
        """Perform an operation without an authorization: for CloudFormation, and tests."""
        wire.check(wire.service_model().operation_model(operation), params)
        with self._lock:
            return self._operation(operation)(params, None)

    def session(self, application_id: str, session_id: str) -> Session:
        """The current state of a session."""
        with self._lock:
            self._settle()
            found = self._sessions.get((application_id, session_id))
        if not found:
            raise NotFound(f"Session {session_id} does not exist")
        return found

    def sessions(self) -> list[Session]:
        """The current state of all sessions, also of ended ones, oldest first."""
        with self._lock:
            self._settle()
            return list(self._sessions.values())

    def application(self, application_id: str) -> Application:
        """The current state of an application."""
        with self._lock:
            self._settle()
            found = self._applications.get(application_id)
        if not found:
            raise NotFound(f"Application {application_id} does not exist")
        return found

    def work(self, application_id: str, session_id: str) -> None:
        """Make a session BUSY until ``rest``, as a Spark Connect client would."""
        with self._lock:
            self.session(application_id, session_id).work(self.clock.now())

    def rest(self, application_id: str, session_id: str) -> None:
        """Make a session IDLE."""
        with self._lock:
            self.session(application_id, session_id).rest(self.clock.now())

    def token_problem(self, session_id: str, token: str | None) -> str | None:
        """Why a token isn't valid for a session, or None."""
        with self._lock:
            return self._tokens.problem(session_id, token, self.clock.now())

    def _perform(self, name: str, params: Params, caller: Caller) -> dict[str, Any]:
        operation = self._operation(name)
        reserved = [
            key
            for key in (*params.get("tags", ()), *params.get("tagKeys", ()))
            if key.lower().startswith("aws:")
        ]
        if reserved:
            raise Validation(f"Tag keys that begin with aws: are reserved: {reserved}")
        self._settle()
        resource = self._resource(params)
        for permission in required_permissions(
            name,
            params,
            resource,
            self._tags(resource) or {},
            tags_checked_on=self._tags_checked_on,
        ):
            refusal = self._authorizer.refusal(caller, permission)
            if refusal:
                raise AccessDenied(refusal)
        return operation(params, caller)

    def _operation(self, name: str) -> Callable[[Params, Caller | None], dict[str, Any]]:
        operations: dict[str, Callable[[Params, Caller | None], dict[str, Any]]] = {
            "CreateApplication": self._create_application,
            "DeleteApplication": self._delete_application,
            "GetApplication": self._get_application,
            "GetResourceDashboard": self._get_resource_dashboard,
            "GetSession": self._get_session,
            "GetSessionEndpoint": self._get_session_endpoint,
            "ListApplications": self._list_applications,
            "ListSessions": self._list_sessions,
            "ListTagsForResource": self._list_tags,
            "StartApplication": self._start_application,
            "StartSession": self._start_session,
            "StopApplication": self._stop_application,
            "TagResource": self._tag,
            "TerminateSession": self._terminate_session,
            "UntagResource": self._untag,
            "UpdateApplication": self._update_application,
        }
        if name not in operations:
            raise Unsupported(f"{name} is not part of the local AWS")
        return operations[name]

    # Sessions

    def _start_session(self, params: Params, caller: Caller | None) -> dict[str, Any]:
        return self._once(params["applicationId"], params, lambda: self._begin(params, caller))

    def _begin(self, params: Params, caller: Caller | None) -> dict[str, Any]:
        now = self.clock.now()
        application = self.application(params["applicationId"])
        application.require_session()
        overrides = params.get("configurationOverrides", {}).get("runtimeConfiguration", ())
        configured = spark_defaults(
            application.settings["releaseLabel"],
            application.settings.get("runtimeConfiguration", ()),
            overrides,
        )
        if RESERVED_PROPERTY in configured:
            raise Validation(f"{RESERVED_PROPERTY} is reserved and can't be set")
        if sum(1 for s in self._of(application) if s.state not in OVER_STATES) >= MAXIMUM_SESSIONS:
            raise QuotaExceeded(
                f"Application {application.application_id} has reached its limit of "
                f"{MAXIMUM_SESSIONS} concurrent sessions"
            )
        if application.state not in ("STARTING", "STARTED"):
            application.start(now, self.start_seconds / 3)
        session_id = _new_id()
        session = Session(
            application_id=application.application_id,
            session_id=session_id,
            arn=session_arn(application.arn, session_id),
            request=params,
            release=application.settings["releaseLabel"],
            created_by=self._authorizer.arn(caller)
            if caller
            else AllowAll(self.account).arn(Caller({}, {})),
            created_at=now,
            starting_at=now + self.start_seconds / 3,
            usable_at=now + self.start_seconds,
            stop_seconds=self.stop_seconds,
            failure=self._failure(application, params["executionRoleArn"], configured),
            tags=dict(params.get("tags", {})),
            updated_at=now,
        )
        self._sessions[application.application_id, session_id] = session
        if session.failure is None:
            self._backing.start(
                BackedSession(self, application.application_id, session_id, configured)
            )
            session.waits = not self._backing.up(session_id)
        return {
            "applicationId": application.application_id,
            "sessionId": session_id,
            "arn": session.arn,
        }

    def _failure(
        self, application: Application, role_arn: str, configured: Mapping[str, str]
    ) -> str | None:
        """Why a session will go to FAILED, if it will."""
        if FAIL_PROPERTY in configured:
            return f"Session failed. {configured[FAIL_PROPERTY]}".strip()
        problem = self._authorizer.role_problem(role_arn)
        if problem:
            return f"Session failed. {problem}"
        return None if application.fits(configured) else "Session failed."

    def _get_session(self, params: Params, _: Caller | None) -> dict[str, Any]:
        return {"session": self._asked_session(params).describe()}

    def _list_sessions(self, params: Params, _: Caller | None) -> dict[str, Any]:
        application = self.application(params["applicationId"])
        after = params.get("createdAtAfter", float("-inf"))
        before = params.get("createdAtBefore", float("inf"))
        chosen = [
            session
            for session in reversed(self._of(application))
            if session.state in params.get("states", (session.state,))
            and after <= session.created_at <= before
        ]
        page, token = _page(chosen, params)
        return {"sessions": [session.describe() for session in page], "nextToken": token}

    def _terminate_session(self, params: Params, _: Caller | None) -> dict[str, Any]:
        session = self._asked_session(params)
        session.terminate(self.clock.now())
        self._backing.end(session.session_id)
        return {"applicationId": session.application_id, "sessionId": session.session_id}

    def _get_session_endpoint(self, params: Params, _: Caller | None) -> dict[str, Any]:
        session = self._asked_session(params)
        if session.state not in USABLE_STATES:
            raise Validation(f"Session {session.session_id} is in state {session.state}")
        token = self._tokens.issue(session.session_id, self.clock.now())
        return {
            "applicationId": session.application_id,
            "sessionId": session.session_id,
            "endpoint": self._backing.endpoint(session.session_id),
            "authToken": token.value,
            "authTokenExpiresAt": token.expires_at,
        }

    def _get_resource_dashboard(self, params: Params, _: Caller | None) -> dict[str, Any]:
        session = self.session(params["applicationId"], params["resourceId"])
        url = self._backing.dashboard(session.session_id)
        if url is None:
            raise NotFound(f"Session {session.session_id} has no dashboard")
        return {"url": url}

    # Applications

    def _create_application(self, params: Params, _: Caller | None) -> dict[str, Any]:
        def create() -> dict[str, Any]:
            new_id = _new_id()
            application = Application.create(
                new_id,
                self._application_arn(new_id),
                params,
                self.clock.now(),
                self.create_seconds,
            )
            self._applications[new_id] = application
            return {"applicationId": new_id, "name": application.name, "arn": application.arn}

        return self._once("CreateApplication", params, create)

    def _get_application(self, params: Params, _: Caller | None) -> dict[str, Any]:
        return {"application": self.application(params["applicationId"]).describe()}

    def _list_applications(self, params: Params, _: Caller | None) -> dict[str, Any]:
        chosen = [
            application
            for application in self._applications.values()
            if application.state in params.get("states", (application.state,))
        ]
        page, token = _page(chosen, params)
        described = [{**a.describe(), "id": a.application_id} for a in page]
        return {"applications": described, "nextToken": token}

    def _update_application(self, params: Params, _: Caller | None) -> dict[str, Any]:
        application = self.application(params["applicationId"])
        application.update(params, self.clock.now())
        return {"application": application.describe()}

    def _start_application(self, params: Params, _: Caller | None) -> dict[str, Any]:
        application = self.application(params["applicationId"])
        application.start(self.clock.now(), self.start_seconds / 3)
        return {}

    def _stop_application(self, params: Params, _: Caller | None) -> dict[str, Any]:
        application = self.application(params["applicationId"])
        active = [s.session_id for s in self._of(application) if s.state not in OVER_STATES]
        if active:
            raise Validation(
                f"Application {application.application_id} has active sessions: {', '.join(active)}"
            )
        application.stop(self.clock.now(), self.stop_seconds)
        return {}

    def _delete_application(self, params: Params, _: Caller | None) -> dict[str, Any]:
        self.application(params["applicationId"]).delete(self.clock.now())
        return {}

    # Tags

    def _list_tags(self, params: Params, _: Caller | None) -> dict[str, Any]:
        return {"tags": self._tags_of(params["resourceArn"])}

    def _tag(self, params: Params, _: Caller | None) -> dict[str, Any]:
        tags = self._tags_of(params["resourceArn"])
        if len(tags | params["tags"]) > 200:
            raise Validation("A resource can't have more than 200 tags")
        tags.update(params["tags"])
        return {}

    def _untag(self, params: Params, _: Caller | None) -> dict[str, Any]:
        tags = self._tags_of(params["resourceArn"])
        for key in params["tagKeys"]:
            tags.pop(key, None)
        return {}

    def _tags_of(self, arn: str) -> dict[str, str]:
        tags = self._tags(arn)
        if tags is None:
            raise NotFound(f"Resource {arn} does not exist")
        return tags

    def _tags(self, arn: str) -> dict[str, str] | None:
        resources: list[Application | Session] = [*self._applications.values()]
        resources += self._sessions.values()
        return next((resource.tags for resource in resources if resource.arn == arn), None)

    # What the operations share

    def _once(self, scope: str, params: Params, do: Callable[[], dict[str, Any]]) -> dict[str, Any]:
        """Do something unless its token was used before: then, the answer of that time."""
        key = (scope, params["clientToken"])
        if key in self._answers:
            earlier, answer = self._answers[key]
            if earlier != params:
                raise Conflict(
                    "The client token was used before, in a request with other parameters"
                )
            return dict(answer)
        answer = do()
        self._answers[key] = (params, answer)
        return answer

    def _asked_session(self, params: Params) -> Session:
        return self.session(params["applicationId"], params["sessionId"])

    def _of(self, application: Application) -> list[Session]:
        wanted = application.application_id
        return [s for s in self._sessions.values() if s.application_id == wanted]

    def _settle(self) -> None:
        """Let the time since the last request pass."""
        now = self.clock.now()
        for session in self._sessions.values():
            self._follow(session, now)
        for application in self._applications.values():
            sessions = self._of(application)
            for session in sessions:
                application.touch(session.ended_at or session.created_at)
            working = any(session.state not in OVER_STATES for session in sessions)
            application.settle(now, self.stop_seconds, working)

    def _follow(self, session: Session, now: float) -> None:
        """Let the time pass for a session, and for what is behind it."""
        if session.state in OVER_STATES:
            return
        failure = self._backing.failure(session.session_id)
        if failure:
            session.fail(now, failure)
        elif self._backing.up(session.session_id):
            session.come_up(now)
        session.settle(now)
        if session.state == "TERMINATING" or session.state in OVER_STATES:
            self._backing.end(session.session_id)

    def _application_arn(self, application_id: str) -> str:
        prefixes = (("cn-", "aws-cn"), ("us-gov-", "aws-us-gov"))
        partition = next((p for prefix, p in prefixes if self.region.startswith(prefix)), "aws")
        return application_arn(partition, self.region, self.account, application_id)

    def _resource(self, params: Params) -> str:
        """The ARN that IAM is asked about: what the request names, whether it exists or not."""
        if "resourceArn" in params:
            return str(params["resourceArn"])
        if "applicationId" not in params:
            return self._application_arn("").replace("/applications/", "/*")
        arn = self._application_arn(params["applicationId"])
        session_id = params.get("sessionId") or params.get("resourceId")
        return session_arn(arn, session_id) if session_id else arn

    def _log(self, request: LoggedRequest) -> None:
        self.requests.append(request)
        if self._listener:
            self._listener(request)


def _new_id() -> str:
    alphabet = string.ascii_lowercase + string.digits
    return "00" + "".join(secrets.choice(alphabet) for _ in range(14))


def _page(chosen: list[Any], params: Params) -> tuple[list[Any], str | None]:
    """One page of a list, and the token of the next."""
    try:
        start = int(base64.urlsafe_b64decode(params.get("nextToken", "MA==")))
    except ValueError as error:
        raise Validation("nextToken is not valid") from error
    end = start + params.get("maxResults", PAGE)
    more = end < len(chosen)
    return chosen[start:end], base64.urlsafe_b64encode(str(end).encode()).decode() if more else None
