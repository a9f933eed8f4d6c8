"""Every constraint of StartSession's request, on both sides of its edge."""

from __future__ import annotations

import re
from typing import Any

import aws_cdk as cdk
import pytest
from aws_cdk import aws_emrserverless as emrserverless
from aws_cdk import aws_iam as iam

from cdk_emr_serverless_session import Configuration, SessionValidationError
from testbed.synth_bench import Bench

OWNER_TAGS = 7


def _name(value: str) -> dict[str, Any]:
    return {"session_name": value}


def _idle(minutes: int) -> dict[str, Any]:
    return {"idle_timeout": cdk.Duration.minutes(minutes)}


def _classification(value: str) -> dict[str, Any]:
    return {"runtime_configuration": [Configuration(value)]}


def _properties(value: dict[str, str]) -> dict[str, Any]:
    return {"runtime_configuration": [Configuration("spark-defaults", value)]}


def _many(count: int) -> dict[str, Any]:
    return {"runtime_configuration": [Configuration("c") for _ in range(count)]}


def _nested(inner: Configuration) -> dict[str, Any]:
    outer = Configuration("outer", None, [Configuration("middle", None, [inner])])
    return {"runtime_configuration": [outer]}


def _tags(tags: dict[str, str]) -> dict[str, Any]:
    return {"tags": tags}


def _application(id: str) -> dict[str, Any]:
    return {"application": id}


def _role(arn: str) -> dict[str, Any]:
    return {"execution_role": arn}


ROLE = "arn:aws:iam::123456789012:role/"

# The request's constraints as the reference page has them: what is just allowed, what just isn't,
# and the property that the message names.
EDGES = [
    (_name("n"), _name(""), "session_name"),
    (_name("n" * 256), _name("n" * 257), "session_name"),
    (_name(" n "), _name("   "), "session_name"),
    (_idle(0), None, "idle_timeout"),
    (_idle(1_000_000), _idle(1_000_001), "idle_timeout"),
    (_application("0"), _application(""), "application"),
    (_application("0" * 64), _application("0" * 65), "application"),
    (_application("0az"), _application("0AZ"), "application"),
    (_application("0az"), _application("0-z"), "application"),
    (_role(ROLE + "x"), _role(ROLE), "execution_role"),
    (_role(ROLE + "path/x"), _role(ROLE + "path//"), "execution_role"),
    (
        _role(ROLE.replace("aws", "aws-cn") + "x"),
        _role("arn:azure:iam::1:role/x"),
        "execution_role",
    ),
    (_role(ROLE + "a+=,.@-_"), _role(ROLE + "a b"), "execution_role"),
    (
        _role(ROLE + "x" * (2048 - len(ROLE))),
        _role(ROLE + "x" * (2049 - len(ROLE))),
        "execution_role",
    ),
    (_many(0), None, "runtime_configuration"),
    (_many(100), _many(101), "runtime_configuration"),
    (_classification("c"), _classification(""), "runtime_configuration[0].classification"),
    (
        _classification("c" * 1024),
        _classification("c" * 1025),
        "runtime_configuration[0].classification",
    ),
    (_classification(" c"), _classification(" "), "runtime_configuration[0].classification"),
    (
        _properties({f"k{i}": "v" for i in range(100)}),
        _properties({f"k{i}": "v" for i in range(101)}),
        "runtime_configuration[0].properties",
    ),
    (_properties({"k": "v"}), _properties({"": "v"}), "runtime_configuration[0].properties"),
    (
        _properties({"k" * 1024: "v"}),
        _properties({"k" * 1025: "v"}),
        "runtime_configuration[0].properties",
    ),
    (
        _properties({"k": "v" * 1024}),
        _properties({"k": "v" * 1025}),
        "runtime_configuration[0].properties['k']",
    ),
    (_properties({"k": "v"}), _properties({"k": " "}), "runtime_configuration[0].properties['k']"),
    (
        _nested(Configuration("c" * 1024)),
        _nested(Configuration("c" * 1025)),
        "runtime_configuration[0].configurations[0].configurations[0].classification",
    ),
    (
        _nested(Configuration("c", None, [Configuration("d") for _ in range(100)])),
        _nested(Configuration("c", None, [Configuration("d") for _ in range(101)])),
        "runtime_configuration[0].configurations[0].configurations[0].configurations",
    ),
    (
        _properties({"spark.connect.grpc.binding.port": "1"}),
        _properties({"spark.connect.grpc.binding.address": "0.0.0.0"}),
        "runtime_configuration[0].properties['spark.connect.grpc.binding.address']",
    ),
    (
        _nested(Configuration("c", {"k": "v"})),
        _nested(Configuration("c", {"spark.connect.grpc.binding.address": "0.0.0.0"})),
        "runtime_configuration[0].configurations[0].configurations[0]"
        ".properties['spark.connect.grpc.binding.address']",
    ),
    (_properties({" k": "v"}), _properties({" ": "v"}), "runtime_configuration[0].properties[' ']"),
    (_tags({}), None, "tags"),
    (
        _tags({f"k{i}": "" for i in range(200 - OWNER_TAGS)}),
        _tags({f"k{i}": "" for i in range(201 - OWNER_TAGS)}),
        "tags",
    ),
    (_tags({"k": ""}), _tags({"": "v"}), "tags['']"),
    (_tags({"k" * 128: "v"}), _tags({"k" * 129: "v"}), "tags"),
    (_tags({"k": "v" * 256}), _tags({"k": "v" * 257}), "tags['k']"),
    (_tags({"aZ09 /_.:=+@-": "v"}), _tags({"k!": "v"}), "tags['k!']"),
    (_tags({"k": "aZ09 /_.:=+@-"}), _tags({"k": "é"}), "tags['k']"),
    (_tags({"my:aws:k": "v"}), _tags({"aws:k": "v"}), "tags['aws:k']"),
    (_tags({"awsome": "v"}), _tags({"AWS:k": "v"}), "tags['AWS:k']"),
    (
        _tags({"emr-serverless-session": "v"}),
        _tags({"emr-serverless-session:spec": "v"}),
        "tags['emr-serverless-session:spec']",
    ),
]


def _declare(bench: Bench, options: dict[str, Any]) -> None:
    arguments = dict(options)
    if "application" in arguments:
        arguments["application"] = emrserverless.CfnApplication.from_application_id(
            bench.stack, "Imported", arguments["application"]
        )
    if "execution_role" in arguments:
        arguments["execution_role"] = _Role.with_arn(bench.stack, arguments["execution_role"])
    bench.session(**arguments)


class _Role:
    """Roles whose ARN the CDK doesn't look into."""

    @staticmethod
    def with_arn(stack: cdk.Stack, arn: str) -> iam.IRole:
        # The CDK reads the role's name out of the ARN, and refuses some by itself.
        return iam.Role.from_role_arn(stack, "Role", arn, mutable=False)


@pytest.mark.parametrize(("inside", "outside", "name"), EDGES)
def test_edges(
    bench: Bench, inside: dict[str, Any], outside: dict[str, Any] | None, name: str
) -> None:
    _declare(bench, inside)
    if outside is None:
        return
    other = cdk.Stack(bench.app, "Outside")
    outside_bench = Bench(bench.app, other, bench.application, bench.role)
    with pytest.raises(SessionValidationError) as refusal:
        _declare(outside_bench, outside)
    assert refusal.value.path == "Outside/Session"
    assert any(problem.startswith(name) for problem in refusal.value.problems), str(refusal.value)


def test_the_message_names_path_property_value_and_constraint(bench: Bench) -> None:
    with pytest.raises(SessionValidationError) as refusal:
        bench.session(idle_timeout=cdk.Duration.minutes(1_000_001))
    assert str(refusal.value) == (
        "[Stack/Session] idle_timeout: 1000001, must be at most 1,000,000."
    )


def test_all_problems_are_reported_together(bench: Bench) -> None:
    with pytest.raises(SessionValidationError) as refusal:
        bench.session(
            session_name="",
            idle_timeout=cdk.Duration.seconds(90),
            runtime_configuration=[Configuration(""), Configuration("c", {"": "v"})],
            tags={"aws:x": "é"},
            removal_policy=cdk.RemovalPolicy.SNAPSHOT,
        )
    named = {problem.split(":")[0] for problem in refusal.value.problems}
    assert {
        "session_name",
        "idle_timeout",
        "runtime_configuration[0].classification",
        "removal_policy",
    } <= named
    assert len(refusal.value.problems) >= 7


def test_idle_timeout_is_whole_minutes(bench: Bench) -> None:
    with pytest.raises(SessionValidationError, match="whole minutes"):
        bench.session(idle_timeout=cdk.Duration.seconds(90))
    bench.session(idle_timeout=cdk.Duration.seconds(120))
    assert bench.properties()["IdleTimeoutMinutes"] == 2


@pytest.mark.parametrize(
    ("given", "advice"),
    [
        (1.5, "1.5; write cdk.Duration.minutes(2)."),
        (-1, "-1; write cdk.Duration.minutes(…)."),
        (float("inf"), "inf; write cdk.Duration.minutes(…)."),
        (
            cdk.Token.as_number({"Ref": "Minutes"}),
            "is a number that is known at deployment; write cdk.Duration.minutes(…).",
        ),
        (
            cdk.Duration.seconds(cdk.Token.as_number({"Ref": "Seconds"})),
            "is in seconds that are known at deployment, and the CDK can't convert them; write "
            "cdk.Duration.minutes(…).",
        ),
    ],
    ids=["fraction", "negative", "infinite", "token", "seconds"],
)
def test_an_idle_timeout_that_is_no_minutes(bench: Bench, given: Any, advice: str) -> None:
    with pytest.raises(SessionValidationError) as refusal:
        bench.session(idle_timeout=given)
    assert str(refusal.value) == f"[Stack/Session] idle_timeout: {advice}"


def test_minutes_may_be_known_at_deployment_only(bench: Bench) -> None:
    minutes = cdk.CfnParameter(bench.stack, "Minutes", type="Number").value_as_number
    bench.session(idle_timeout=cdk.Duration.minutes(minutes))
    assert bench.properties()["IdleTimeoutMinutes"] == {"Ref": "Minutes"}


@pytest.mark.parametrize(
    ("options", "problem"),
    [
        (_name("a\nb"), r"session_name: 'a\nb', must not have line breaks."),
        (_name(" \n"), r"session_name: ' \n', must not be blank."),
        (
            _properties({"k": "a\nb"}),
            "runtime_configuration[0].properties['k']: 3 characters, must not have line breaks.",
        ),
    ],
)
def test_text_is_one_line(bench: Bench, options: dict[str, Any], problem: str) -> None:
    with pytest.raises(SessionValidationError) as refusal:
        bench.session(**options)
    assert refusal.value.problems == (problem,)


def test_an_arn_for_an_applications_id_is_named(bench: Bench) -> None:
    arn = "arn:aws:emr-serverless:eu-west-1:123456789012:/applications/00f1abcdef234567"
    with pytest.raises(SessionValidationError) as refusal:
        _declare(bench, _application(arn))
    assert refusal.value.problems == (
        f"application: '{arn}' is the ARN of an EMR Serverless application, must be an "
        "application's id: digits and lower-case letters, such as 00f1abcdef234567; with the ARN, "
        "use CfnApplication.from_application_arn(…).",
    )


def test_values_of_properties_are_not_shown(bench: Bench) -> None:
    """The service's model says that they may be secret."""
    with pytest.raises(SessionValidationError) as refusal:
        bench.session(**_properties({"password": "hunter2" * 200}))
    assert "hunter2" not in str(refusal.value)
    assert "1400 characters" in str(refusal.value)


def test_text_of_another_type_is_named(bench: Bench) -> None:
    options: Any = _properties({"spark.executor.cores": 2})  # type: ignore[dict-item]
    with pytest.raises(SessionValidationError, match='write "2"'):
        bench.session(**options)


def test_tags_of_scopes_are_checked_at_the_end(bench: Bench) -> None:
    bench.session(idle_timeout=cdk.Duration.minutes(5))
    cdk.Tags.of(bench.stack).add(
        "emr-serverless-session:stack-id",
        "mine",
        include_resource_types=["Custom::EMRServerlessSession"],
    )
    with pytest.raises(RuntimeError, match=r"Stack/Session: tags.*the library's"):
        bench.app.synth()


def test_too_many_tags_of_scopes(bench: Bench) -> None:
    bench.session(tags={f"k{i}": "v" for i in range(193)})
    cdk.Tags.of(bench.app).add(
        "one-more", "v", include_resource_types=["Custom::EMRServerlessSession"]
    )
    with pytest.raises(RuntimeError, match="194 entries, must be at most 193"):
        bench.app.synth()


@pytest.mark.parametrize(
    ("options", "problem"),
    [
        ({"application": "00app"}, "application: '00app'; pass an emrserverless.CfnApplication"),
        (
            {"execution_role": "arn"},
            "execution_role: 'arn'; pass an iam.Role, or iam.Role.from_role_arn",
        ),
        ({"idle_timeout": 30}, "idle_timeout: 30; write cdk.Duration.minutes(30)."),
        (
            {"runtime_configuration": [{"class": "spark-defaults"}]},
            "runtime_configuration[0]: is a mapping of 'class'; write a Configuration",
        ),
        (
            {"runtime_configuration": Configuration("spark-defaults")},
            "runtime_configuration: is of type Configuration; write a list of Configuration",
        ),
        (
            {"runtime_configuration": {"applicationConfiguration": []}},
            "runtime_configuration: is of type dict; write a list of Configuration",
        ),
        (
            {"runtime_configuration": [Configuration("spark-defaults", ["a=b"])]},  # type: ignore[arg-type]
            "runtime_configuration[0].properties: is of type list; write a mapping",
        ),
        ({"tags": [cdk.CfnTag(key="k", value="v")]}, "tags: is of type list; write a mapping"),
        ({"tags": {1: "v"}}, 'tags[1] key: 1; write "1".'),
        ({"tags": {None: "v"}}, "tags[None] key: None, must be text."),
        (
            {"tags": {"k": cdk.Token.as_number({"Ref": "Parameter"})}},
            "tags['k']: is known at deployment, and no text; write cdk.Token.as_string(…).",
        ),
        ({"idle_timeout": [cdk.Duration.hours(1)]}, "idle_timeout: [Duration]; write"),
        ({"session_name": ["n", 1]}, "session_name: ['n', 1], must be text."),
        ({"application": None}, "application: is required; pass an emrserverless.CfnApplication"),
        ({"execution_role": None}, "execution_role: is required; pass an iam.Role"),
        ({"provider": "Provider"}, "provider: 'Provider'; pass a SessionProvider"),
        ({"wait_until_ready": "no"}, "wait_until_ready: 'no'; write True or False"),
        ({"stop_application": 1}, "stop_application: 1; write True or False"),
        (
            {"ensure_live_on_deploy": None},
            "ensure_live_on_deploy: is required; write True or False",
        ),
    ],
)
def test_plain_values_for_constructs_are_told_from_them(
    bench: Bench, options: dict[str, Any], problem: str
) -> None:
    with pytest.raises(SessionValidationError, match=re.escape(problem)):
        bench.session(**options)
