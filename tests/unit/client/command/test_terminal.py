"""Control characters never reach a terminal, and a wrong configuration is one line."""

import subprocess
import sys
from pathlib import Path

import pytest

from emr_session._command.printable import printable

from ..account import Account
from .conftest import OWNER, Run, session_id
from .deployed import Deployed

EVIL = "\x1b]0;owned\x07[red]x\x9b31m\u202e"


@pytest.mark.parametrize("code", [*range(0x20), *range(0x7F, 0xA0), 0x202E, 0xD800])
def test_no_character_that_a_terminal_obeys_is_printed(code: int) -> None:
    assert printable(f"a{chr(code)}b") == "a\N{REPLACEMENT CHARACTER}b"


@pytest.mark.parametrize(
    "command", [["list"], ["describe"], ["strays"], ["terminate", "--yes"], ["start", EVIL]]
)
def test_names_of_others_neither_move_the_cursor_nor_are_markup(
    run: Run, aws: Deployed, monkeypatch: pytest.MonkeyPatch, command: list[str]
) -> None:
    stack = "arn:aws:cloudformation:us-east-1:000000000000:stack/Gone/7f0c"
    properties = {"classification": "spark-defaults", "properties": {"[bold]k": "\x1b[2J"}}
    aws.start(
        name=EVIL,
        tags={**OWNER, "emr-serverless-session:stack-id": stack},
        configurationOverrides={"runtimeConfiguration": [properties]},
    )
    monkeypatch.setenv("NO_COLOR", "1")
    monkeypatch.setenv("TERM", "dumb")

    said = run(*command)
    shown = said.stdout + said.stderr
    assert not set("\x1b\x07\x9b\u202e") & set(shown)
    if command[0] in ("list", "describe"):
        assert "[red]x" in shown
    if command == ["describe"]:
        assert "[bold]k" in shown


def test_what_is_ambiguous_is_listed_without_control_characters(run: Run, aws: Deployed) -> None:
    for _ in range(2):
        aws.start(name=EVIL)

    assert not set("\x1b\x07\x9b\u202e") & set(run("describe").stderr)


# Errors name the profile


@pytest.fixture
def configured(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, run: Run) -> Run:
    """A configuration with a profile of which nothing works."""
    config = tmp_path / "config"
    config.write_text(
        "[profile sso]\nsso_session = team\nsso_account_id = 111122223333\nsso_role_name = a\n"
        "region = us-east-1\n[sso-session team]\nsso_start_url = https://sso.invalid/start\n"
        "sso_region = us-east-1\n[profile bare]\n[profile broken]\ncredential_process = false\n"
        "region = us-east-1\n[profile strange]\nregion = us-east-1\nsource_profile = nobody\n"
        "role_arn = arn:aws:iam::111122223333:role/a\n"
    )
    monkeypatch.setenv("AWS_CONFIG_FILE", str(config))
    monkeypatch.setenv("AWS_SHARED_CREDENTIALS_FILE", str(tmp_path / "none"))
    monkeypatch.setenv("HOME", str(tmp_path))
    for name in ("AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY"):
        monkeypatch.delenv(name)
    return run


@pytest.mark.parametrize(
    ("profile", "said"),
    [
        ("nobody", "aws configure list-profiles"),
        ("sso", "aws sso login --profile sso"),
        ("broken", "profile broken"),
        ("strange", "profile strange"),
    ],
)
def test_a_profile_that_does_not_work_is_named_and_never_the_network(
    configured: Run, profile: str, said: str
) -> None:
    ended = configured("list", "--profile", profile)

    assert ended.returncode == 1
    (line,) = ended.stderr.splitlines()
    assert said in line
    assert "network" not in line


def test_a_refusal_names_the_profile(
    run: Run, aws: Account, arn: str, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    config = tmp_path / "config"
    config.write_text(
        "[profile team]\nregion = us-east-1\naws_access_key_id = a\naws_secret_access_key = a\n"
    )
    monkeypatch.setenv("AWS_CONFIG_FILE", str(config))
    aws.refused.add("/endpoint")

    assert "(profile team)" in run("--profile", "team", "url", arn).stderr
    assert "(profile team)" in run("url", arn, "--profile", "team").stderr


# The program as a whole


def test_a_bare_call_shows_the_help(run: Run) -> None:
    ended = run()

    assert ended.returncode == 0
    assert "Usage: emr-session" in ended.stdout
    assert ended.stdout == run("--help").stdout == run("-h").stdout


def test_version_is_the_distributions(run: Run) -> None:
    assert run("--version").stdout.strip().count(".") == 2


def test_the_help_imports_neither_boto3_nor_rich() -> None:
    code = (
        "import sys\nfrom emr_session._command.main import main\nmain(['--help'])\n"
        "print(*sys.modules, file=sys.stderr)"
    )
    ran = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)

    assert not {"boto3", "rich", "grpc", "pyspark"} & set(ran.stderr.split())


@pytest.mark.parametrize("shell", ["bash", "zsh", "fish"])
def test_completion_is_set_up_by_what_it_prints(run: Run, shell: str) -> None:
    assert "_EMR_SESSION_COMPLETE" in run("completion", shell).stdout


def test_live_sessions_complete_a_command(
    run: Run, aws: Deployed, arn: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    odd = aws.start(name="$(reboot)")
    monkeypatch.setenv("_EMR_SESSION_COMPLETE", "bash_complete")
    monkeypatch.setenv("COMP_CWORD", "2")
    monkeypatch.setenv("COMP_WORDS", "emr-session describe ")
    said = run().stdout

    assert "plain,search" in said
    assert f"plain,{session_id(odd)}" in said
    assert "reboot" not in said
    assert session_id(arn) not in said
