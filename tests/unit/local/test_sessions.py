"""The session service does what EMR Serverless is documented to do."""

from datetime import UTC, datetime
from typing import Any

import pytest
from botocore.exceptions import ClientError

from emr_serverless_local.clock import ManualClock
from emr_serverless_local.sessions import (
    FAIL_PROPERTY,
    LoggedRequest,
    SessionService,
    log_line,
)

from .conftest import ROLE, create_application, start_session


def refused(code: str, match: str = "") -> Any:
    return pytest.raises(ClientError, match=rf"\({code}\).*{match}")


def state(client: Any, application_id: str, session_id: str) -> str:
    answer = client.get_session(applicationId=application_id, sessionId=session_id)
    return str(answer["session"]["state"])


def runtime(**properties: str) -> dict[str, Any]:
    return {
        "runtimeConfiguration": [
            {
                "classification": "spark-defaults",
                "properties": {name.replace("__", "."): v for name, v in properties.items()},
            }
        ]
    }


class TestLife:
    def test_a_session_starts_in_its_time_and_ends_in_its_time(
        self, client: Any, clock: ManualClock, application_id: str
    ) -> None:
        session = start_session(client, application_id)
        seen = []
        for seconds in (0, 30, 60, 60):
            clock.advance(seconds)
            seen.append(state(client, application_id, session))
        client.terminate_session(applicationId=application_id, sessionId=session)
        seen.append(state(client, application_id, session))
        clock.advance(30)
        seen.append(state(client, application_id, session))
        assert seen == ["SUBMITTED", "STARTING", "STARTED", "IDLE", "TERMINATING", "TERMINATED"]

    def test_terminating_twice_is_no_error(
        self, client: Any, clock: ManualClock, application_id: str
    ) -> None:
        session = start_session(client, application_id)
        for _ in range(3):
            client.terminate_session(applicationId=application_id, sessionId=session)
            clock.advance(30)
        assert state(client, application_id, session) == "TERMINATED"

    @pytest.mark.parametrize(("minutes", "given"), [(60, {}), (5, {"idleTimeoutMinutes": 5})])
    def test_an_idle_session_ends(
        self, client: Any, clock: ManualClock, application_id: str, minutes: int, given: Any
    ) -> None:
        session = start_session(client, application_id, **given)
        clock.advance(90 + 60 * minutes - 1)
        assert state(client, application_id, session) == "IDLE"
        clock.advance(1)
        assert state(client, application_id, session) == "TERMINATING"
        clock.advance(30)
        assert state(client, application_id, session) == "TERMINATED"

    def test_a_busy_session_is_not_idle_but_ends_after_a_day(
        self, client: Any, service: SessionService, clock: ManualClock, application_id: str
    ) -> None:
        session = start_session(client, application_id)
        clock.advance(90)
        service.work(application_id, session)
        clock.advance(24 * 3600 - 1)
        assert state(client, application_id, session) == "BUSY"
        clock.advance(1)
        assert state(client, application_id, session) == "TERMINATING"

    def test_idle_time_counts_from_the_end_of_work(
        self, client: Any, service: SessionService, clock: ManualClock, application_id: str
    ) -> None:
        session = start_session(client, application_id, idleTimeoutMinutes=1)
        clock.advance(90)
        service.work(application_id, session)
        clock.advance(600)
        service.rest(application_id, session)
        clock.advance(59)
        assert state(client, application_id, session) == "IDLE"
        clock.advance(1)
        assert state(client, application_id, session) == "TERMINATING"


class TestFailure:
    def test_a_session_can_be_made_to_fail(
        self, client: Any, clock: ManualClock, application_id: str
    ) -> None:
        overrides = runtime(**{FAIL_PROPERTY: "No luck."})
        session = start_session(client, application_id, configurationOverrides=overrides)
        clock.advance(90)
        found = client.get_session(applicationId=application_id, sessionId=session)["session"]
        assert (found["state"], found["stateDetails"]) == ("FAILED", "Session failed. No luck.")

    @pytest.mark.parametrize(
        ("cores", "memory", "end"),
        # With its overhead of a tenth, 14g is a worker of 16 GB, and 16g one of 18.
        [
            ("4", "14g", "STARTED"),
            ("4", "2048", "STARTED"),
            ("5", "14g", "FAILED"),
            ("4", "16g", "FAILED"),
        ],
    )
    def test_workers_have_to_fit_the_maximum_capacity(
        self, client: Any, clock: ManualClock, cores: str, memory: str, end: str
    ) -> None:
        application = create_application(client, maximumCapacity={"cpu": "8vCPU", "memory": "32GB"})
        overrides = runtime(spark__executor__cores=cores, spark__executor__memory=memory)
        session = start_session(client, application, configurationOverrides=overrides)
        clock.advance(90)
        assert state(client, application, session) == end


class TestToken:
    def test_the_same_token_starts_one_session_even_when_that_is_over(
        self, client: Any, clock: ManualClock, application_id: str
    ) -> None:
        first = start_session(client, application_id, clientToken="t")
        client.terminate_session(applicationId=application_id, sessionId=first)
        clock.advance(30)
        assert start_session(client, application_id, clientToken="t") == first
        assert state(client, application_id, first) == "TERMINATED"

    def test_the_same_token_for_something_else_is_a_conflict(
        self, client: Any, application_id: str
    ) -> None:
        start_session(client, application_id, clientToken="t")
        with refused("ConflictException", "client token"):
            start_session(client, application_id, clientToken="t", name="other")

    def test_a_refused_request_leaves_its_token_free(self, client: Any) -> None:
        application = create_application(client, autoStartConfiguration={"enabled": False})
        with refused("ValidationException"):
            start_session(client, application, clientToken="t")
        client.start_application(applicationId=application)
        assert start_session(client, application, clientToken="t")


class TestPreconditions:
    @pytest.mark.parametrize(
        ("settings", "reason"),
        [
            ({"releaseLabel": "emr-7.12.0"}, "7.13.0"),
            ({"type": "HIVE"}, "SPARK"),
            ({"interactiveConfiguration": {"sessionEnabled": False}}, "not enabled"),
            ({"interactiveConfiguration": {}}, "not enabled"),
            ({"autoStartConfiguration": {"enabled": False}}, "AutoStart"),
        ],
    )
    def test_an_application_that_takes_no_sessions(
        self, client: Any, settings: Any, reason: str
    ) -> None:
        application = create_application(client, **settings)
        with refused("ValidationException", reason):
            start_session(client, application)

    def test_auto_start_starts_the_application(
        self, client: Any, service: SessionService, clock: ManualClock, application_id: str
    ) -> None:
        assert service.application(application_id).state == "CREATED"
        start_session(client, application_id)
        assert service.application(application_id).state == "STARTING"
        clock.advance(30)
        assert service.application(application_id).state == "STARTED"

    def test_an_application_between_states_is_a_conflict(
        self, client: Any, clock: ManualClock, application_id: str
    ) -> None:
        client.start_application(applicationId=application_id)
        clock.advance(30)
        client.stop_application(applicationId=application_id)
        with refused("ConflictException", "STOPPING"):
            start_session(client, application_id)
        clock.advance(30)
        assert start_session(client, application_id)

    def test_an_application_that_is_being_created_is_a_conflict(self, clock: ManualClock) -> None:
        service = SessionService(clock=clock, create_seconds=10)
        made = service.perform(
            "CreateApplication", {"type": "SPARK", "releaseLabel": "emr-7.13.0", "clientToken": "a"}
        )
        request = {"applicationId": made["applicationId"], "executionRoleArn": ROLE}
        service.application(made["applicationId"]).settings["interactiveConfiguration"] = {
            "sessionEnabled": True
        }
        with pytest.raises(Exception, match="CREATING"):
            service.perform("StartSession", {**request, "clientToken": "b"})

    def test_twenty_five_sessions_and_no_more(
        self, client: Any, clock: ManualClock, application_id: str
    ) -> None:
        sessions = [start_session(client, application_id) for _ in range(25)]
        with refused("ServiceQuotaExceededException", "25") as caught:
            start_session(client, application_id)
        assert caught.value.response["ResponseMetadata"]["HTTPStatusCode"] == 402
        client.terminate_session(applicationId=application_id, sessionId=sessions[0])
        clock.advance(30)
        assert start_session(client, application_id)

    def test_a_reserved_property(self, client: Any, application_id: str) -> None:
        overrides = runtime(spark__connect__grpc__binding__address="0.0.0.0")
        with refused("ValidationException", "reserved"):
            start_session(client, application_id, configurationOverrides=overrides)

    def test_an_interactive_application_keeps_logs(self, client: Any) -> None:
        off = {"managedPersistenceMonitoringConfiguration": {"enabled": False}}
        with refused("ValidationException", "logging"):
            create_application(client, monitoringConfiguration=off)


class TestConstraints:
    @pytest.mark.parametrize(
        ("field", "value", "reason"),
        [
            ("name", " ", "pattern"),
            ("name", "n" * 257, "less than or equal to 256"),
            ("executionRoleArn", "arn:aws:iam::000000000000:user/nobody", "pattern"),
            ("clientToken", "not a token", "pattern"),
            ("clientToken", "t" * 65, "less than or equal to 64"),
            ("idleTimeoutMinutes", 1_000_001, "less than or equal to 1000000"),
            ("idleTimeoutMinutes", -1, "greater than or equal to 0"),
            ("tags", {"bad!": "x"}, "pattern"),
            ("tags", {"key": "v" * 257}, "less than or equal to 256"),
            ("tags", {str(n): "" for n in range(201)}, "less than or equal to 200"),
            ("tags", {"aws:mine": "x"}, "aws:"),
            (
                "configurationOverrides",
                {"runtimeConfiguration": [{"classification": "c" * 1025}]},
                "less than or equal to 1024",
            ),
        ],
    )
    def test_a_field_out_of_bounds(
        self, client: Any, application_id: str, field: str, value: Any, reason: str
    ) -> None:
        fields = {"applicationId": application_id, "executionRoleArn": ROLE, field: value}
        with refused("ValidationException", reason):
            client.start_session(**fields)

    @pytest.mark.parametrize(
        ("body", "code"),
        [
            (b"{}", "ValidationException"),
            (b"[]", "SerializationException"),
            (b"no json", "SerializationException"),
            (b'{"idleTimeoutMinutes": "30"}', "SerializationException"),
            (b'{"idleTimeoutMinutes": true}', "SerializationException"),
            (b'{"tags": [{"Key": "a"}]}', "SerializationException"),
        ],
    )
    def test_a_body_that_no_client_sends(
        self, service: SessionService, body: bytes, code: str
    ) -> None:
        status, headers, _ = service.handle("POST", "/applications/0/sessions", {}, body, {})
        assert (status, headers["x-amzn-errortype"]) == (400, code)

    def test_what_does_not_exist(self, client: Any, application_id: str) -> None:
        for call in (client.get_session, client.terminate_session, client.get_session_endpoint):
            with refused("ResourceNotFoundException"):
                call(applicationId=application_id, sessionId="0")
        with refused("ResourceNotFoundException"):
            start_session(client, "nosuch")
        with refused("NotImplementedException"):
            client.list_job_runs(applicationId=application_id)


class TestList:
    def test_filters(self, client: Any, clock: ManualClock, application_id: str) -> None:
        old = start_session(client, application_id)
        clock.advance(100)
        middle = datetime.fromtimestamp(clock.now() - 50, UTC)
        new = start_session(client, application_id)

        def listed(**filters: Any) -> list[str]:
            answer = client.list_sessions(applicationId=application_id, **filters)
            return [session["sessionId"] for session in answer["sessions"]]

        assert listed() == [new, old]
        assert listed(states=["STARTED", "IDLE"]) == [old]
        assert listed(states=["SUBMITTED"]) == [new]
        assert listed(createdAtAfter=middle) == [new]
        assert listed(createdAtBefore=middle) == [old]

    def test_pages(self, client: Any, clock: ManualClock, application_id: str) -> None:
        started = []
        for _ in range(3):
            started += [start_session(client, application_id) for _ in range(20)]
            for session in started:
                client.terminate_session(applicationId=application_id, sessionId=session)
            clock.advance(30)
        pages = list(client.get_paginator("list_sessions").paginate(applicationId=application_id))
        assert [len(page["sessions"]) for page in pages] == [50, 10]
        found = {session["sessionId"] for page in pages for session in page["sessions"]}
        assert found == set(started)

    def test_a_summary_has_no_tags(self, client: Any, application_id: str) -> None:
        start_session(client, application_id, tags={"a": "b"})
        (summary,) = client.list_sessions(applicationId=application_id)["sessions"]
        assert "tags" not in summary
        assert "clientToken" not in summary


class TestTags:
    def test_tags_of_a_session(
        self, client: Any, service: SessionService, application_id: str
    ) -> None:
        session = start_session(client, application_id, tags={"a": "1", "b": "2"})
        arn = service.session(application_id, session).arn
        client.tag_resource(resourceArn=arn, tags={"b": "3", "c": "4"})
        client.untag_resource(resourceArn=arn, tagKeys=["a", "z"])
        expected = {"b": "3", "c": "4"}
        assert client.list_tags_for_resource(resourceArn=arn)["tags"] == expected
        answer = client.get_session(applicationId=application_id, sessionId=session)
        assert answer["session"]["tags"] == expected

    def test_tags_of_nothing(self, client: Any) -> None:
        prefix = "arn:aws:emr-serverless:us-east-1:000000000000:/applications/0/sessions/0"
        with refused("ResourceNotFoundException"):
            client.tag_resource(resourceArn=prefix, tags={"a": "b"})


class TestApplication:
    def test_it_is_not_deleted_while_started(
        self, client: Any, service: SessionService, clock: ManualClock, application_id: str
    ) -> None:
        session = start_session(client, application_id)
        clock.advance(90)
        with refused("ValidationException", "STARTED"):
            client.delete_application(applicationId=application_id)
        with refused("ValidationException", "active sessions"):
            client.stop_application(applicationId=application_id)
        client.terminate_session(applicationId=application_id, sessionId=session)
        clock.advance(30)
        client.stop_application(applicationId=application_id)
        clock.advance(30)
        client.delete_application(applicationId=application_id)
        assert service.application(application_id).state == "TERMINATED"

    def test_it_stops_by_itself_after_fifteen_idle_minutes(
        self, client: Any, service: SessionService, clock: ManualClock, application_id: str
    ) -> None:
        start_session(client, application_id, idleTimeoutMinutes=1)
        clock.advance(90 + 60 + 30 + 15 * 60 - 1)
        assert service.application(application_id).state == "STARTED"
        clock.advance(1)
        assert service.application(application_id).state == "STOPPING"
        clock.advance(30)
        assert service.application(application_id).state == "STOPPED"

    def test_a_started_one_takes_only_the_changes_that_aws_names(
        self, client: Any, clock: ManualClock, application_id: str
    ) -> None:
        """hashicorp/terraform-provider-aws issue 49109."""
        client.update_application(
            applicationId=application_id, interactiveConfiguration={"sessionEnabled": False}
        )
        client.start_application(applicationId=application_id)
        with refused("ValidationException", "CREATED, STOPPED"):
            client.update_application(applicationId=application_id, releaseLabel="emr-7.14.0")
        clock.advance(30)
        for change in (
            {"interactiveConfiguration": {"sessionEnabled": True}},
            {"releaseLabel": "emr-7.14.0"},
            {"networkConfiguration": {"subnetIds": ["subnet-1"]}},
            {
                "workerTypeSpecifications": {"Driver": {"imageConfiguration": {}}},
                "architecture": "ARM64",
            },
        ):
            with refused("ValidationException", "Only the following configurations can be upd"):
                client.update_application(applicationId=application_id, **change)
        for allowed in (
            {"maximumCapacity": {"cpu": "16 vCPU", "memory": "64 GB"}},
            {"schedulerConfiguration": {"maxConcurrentRuns": 3}},
            {
                "imageConfiguration": {
                    "imageUri": "000000000000.dkr.ecr.us-east-1.amazonaws.com/image:1"
                }
            },
        ):
            client.update_application(applicationId=application_id, **allowed)


class TestEndpoint:
    def test_an_endpoint_takes_a_usable_session(
        self, client: Any, clock: ManualClock, application_id: str
    ) -> None:
        session = start_session(client, application_id)
        with refused("ValidationException", "SUBMITTED"):
            client.get_session_endpoint(applicationId=application_id, sessionId=session)
        clock.advance(90)
        answer = client.get_session_endpoint(applicationId=application_id, sessionId=session)
        assert answer["endpoint"].startswith("https://")
        assert answer["authTokenExpiresAt"].timestamp() == clock.now() + 3600

    def test_a_dashboard(self, client: Any, application_id: str) -> None:
        session = start_session(client, application_id)
        answer = client.get_resource_dashboard(
            applicationId=application_id, resourceId=session, resourceType="SESSION"
        )
        assert answer["url"].startswith("https://")


class TestLog:
    def test_every_request_is_kept(
        self, client: Any, service: SessionService, application_id: str
    ) -> None:
        start_session(client, application_id, clientToken="t")
        with refused("ConflictException"):
            start_session(client, application_id, clientToken="t", name="x")
        kept = [(r.operation, r.status, r.error) for r in service.requests[1:]]
        assert kept == [("StartSession", 200, None), ("StartSession", 409, "ConflictException")]

    def test_no_token_in_a_log_line(
        self, client: Any, service: SessionService, clock: ManualClock, application_id: str
    ) -> None:
        session = start_session(client, application_id, clientToken="client-token")
        clock.advance(90)
        endpoint = client.get_session_endpoint(applicationId=application_id, sessionId=session)
        lines = [log_line(request) for request in service.requests]
        assert lines[-1] == (
            f"GetSessionEndpoint application={application_id} session={session} 200"
        )
        assert not any("client-token" in line for line in lines)
        assert endpoint["authToken"] not in "".join(map(str, service.requests))

    def test_a_listener_hears_of_it(self, clock: ManualClock) -> None:
        heard: list[LoggedRequest] = []
        SessionService(clock=clock, listener=heard.append).handle("GET", "/nowhere", {}, b"", {})
        assert [(r.operation, r.error) for r in heard] == [("Unknown", "UnknownOperationException")]
