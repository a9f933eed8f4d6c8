"""The private hooks of MiniStack that the local AWS uses still exist.

MiniStack is pinned; this names every hook, for whoever raises the pin.
"""

import subprocess
import sys

import pytest

# Module, name, and the parameters that it is called with.
CALLED = [
    ("app", "app", "scope receive send"),
    ("core.concurrency", "run_reentrant", "fn"),
    ("core.iam_evaluator", "_gather_role_policies", "role_name account_id"),
    (
        "core.iam_evaluator",
        "enforce",
        "access_key_id iam_action service region resource_arn service_context",
    ),
    ("core.iam_evaluator", "_permissions_boundary", "store name account_id"),
    ("core.iam_evaluator", "evaluate", "ctx policies"),
    ("core.iam_evaluator", "resolve_caller_identity", "access_key_id"),
    ("core.iam_evaluator", "resolve_principal", "access_key_id account_id"),
    ("core.lambda_runtime", "_detect_runtime_binary", "runtime"),
    ("core.lambda_runtime", "execution_credentials", "config"),
    ("core.lambda_runtime", "reset", ""),
    ("core.responses", "get_account_id", ""),
    ("core.responses", "get_region", ""),
    ("core.responses", "new_uuid", ""),
    ("core.responses", "now_iso", ""),
    ("core.router", "extract_access_key_id", "headers query_params"),
    ("services.cloudformation", "handle_request", "method path headers body query_params"),
    ("services.cloudformation.changesets", "_create_change_set", "params"),
    ("services.cloudformation.changesets", "_describe_change_set", "params"),
    ("services.cloudformation.changesets", "_execute_change_set", "params"),
    ("services.cloudformation.changesets", "_find_change_set", "cs_name stack_name"),
    ("services.cloudformation.custom_resource", "_normalise_resource_properties", "value"),
    ("services.cloudformation.custom_resource", "_response_url", "token"),
    ("services.cloudformation.custom_resource", "deliver_response", "token response"),
    ("services.cloudformation.engine", "_evaluate_conditions", "template params"),
    ("services.cloudformation.engine", "_extract_deps", "resource_def all_resource_names"),
    ("services.cloudformation.engine", "_parse_template", "template_body"),
    (
        "services.cloudformation.engine",
        "_resolve_dynamic_references",
        "value previous reuse_ssm reuse_secrets",
    ),
    ("services.cloudformation.engine", "_resolve_parameters", "template provided_params"),
    (
        "services.cloudformation.engine",
        "_resolve_refs",
        "value resources params conditions mappings stack_name stack_id",
    ),
    ("services.cloudformation.engine", "_topological_sort", "resources conditions"),
    ("services.cloudformation.handlers", "_cancel_update_stack", "params"),
    ("services.cloudformation.handlers", "_create_stack", "params"),
    ("services.cloudformation.handlers", "_delete_stack", "params"),
    ("services.cloudformation.handlers", "_describe_stacks", "params"),
    ("services.cloudformation.handlers", "_imported_export_names", "stack stack_name"),
    ("services.cloudformation.handlers", "_resolve_stack", "stack_name"),
    ("services.cloudformation.handlers", "_rollback_stack", "params"),
    (
        "services.cloudformation.handlers",
        "_stack_has_no_updates",
        "stack template param_values tags use_previous_template tags_given",
    ),
    ("services.cloudformation.handlers", "_update_stack", "params"),
    ("services.cloudformation.helpers", "_error", "code message"),
    ("services.cloudformation.helpers", "_p", "params key"),
    ("services.cloudformation.helpers", "_resolve_template", "params"),
    ("services.cloudformation.helpers", "_xml", "status"),
    (
        "services.cloudformation.provisioners",
        "_check_nested_stack_capabilities",
        "parent_stack_name template",
    ),
    (
        "services.cloudformation.provisioners",
        "_delete_resource",
        "resource_type physical_id props stack_name logical_id",
    ),
    ("services.cloudformation.provisioners", "_cwlogs_create", "logical_id props stack_name"),
    (
        "services.cloudformation.provisioners",
        "_cwlogs_update",
        "physical_id old_props new_props stack_name logical_id",
    ),
    ("services.cloudformation.provisioners", "_iam_role_create", "logical_id props stack_name"),
    (
        "services.cloudformation.provisioners",
        "_iam_role_update",
        "physical_id old_props new_props stack_name logical_id",
    ),
    ("services.cloudformation.provisioners", "_inherited_capabilities", "parent_stack_name"),
    ("services.cloudformation.provisioners", "_lambda_create", "logical_id props stack_name"),
    (
        "services.cloudformation.provisioners",
        "_lambda_update",
        "physical_id old_props new_props stack_name",
    ),
    (
        "services.cloudformation.provisioners",
        "_replacing_change",
        "resource_type old_props new_props",
    ),
    (
        "services.cloudformation.provisioners",
        "_snapshot_resource",
        "resource_type physical_id props",
    ),
    ("services.cloudformation.provisioners", "_s3_create", "logical_id props stack_name"),
    (
        "services.cloudformation.provisioners",
        "_s3_update",
        "physical_id old_props new_props stack_name",
    ),
    ("services.cloudformation.provisioners", "_tag_map", "tags"),
    (
        "services.cloudformation.provisioners",
        "_with_stack_tags",
        "resource_type props stack_tags stack_name stack_id logical_id",
    ),
    (
        "services.cloudformation.stacks",
        "_add_event",
        "stack_id stack_name logical_id resource_type status reason physical_id",
    ),
    (
        "services.cloudformation.stacks",
        "_fail_property_validation",
        "stack stack_id stack_name resources_defs ordered param_values conditions mappings "
        "disable_rollback previous_stack",
    ),
    ("services.cloudformation.stacks", "_provision_keeping_seed", ""),
    (
        "services.cloudformation.stacks",
        "_resolve_stack_outputs",
        "outputs_defs conditions resources param_values mappings stack_name stack_id",
    ),
    (
        "services.cloudformation.stacks",
        "_resource_policy",
        "res_def attribute resources params conditions mappings stack_name stack_id",
    ),
    ("services.cloudformation.stacks", "_runs_on_worker_thread", "resource_type"),
    ("services.cloudformation.stacks", "_update_keeping_seed", ""),
    ("services.eventbridge", "_invoke_target", "target event"),
    ("services.iam", "policy_known", "arn"),
    ("services.lambda_svc", "_emit_lambda_logs", "func request_id log_text error duration_ms"),
    ("services.lambda_svc", "_execute_function_with_config_scope", "func event"),
    ("services.lambda_svc", "_execution_record_for_config", "func config"),
    ("services.lambda_svc", "_fetch_code_from_s3", "bucket key version_id"),
    ("services.lambda_svc", "_get_func_record_for_ref", "function_ref"),
]
# Module, name, and the parameters that MiniStack calls it with: replaced by functions of our own,
# in each of the modules that have it.
REPLACED = [
    (
        "_deploy_stack_async",
        "stack_name stack_id template param_values disable_rollback tags is_update previous_stack "
        "retain_except_on_create imports",
        "stacks handlers changesets",
    ),
    (
        "_delete_stack_async",
        "stack_name stack_id retain_resources force",
        "stacks handlers",
    ),
    (
        "_roll_back_operation",
        "stack_name stack_id stack operation reason_override",
        "stacks handlers",
    ),
    (
        "_continue_update_rollback_async",
        "stack_name stack_id resources_to_skip",
        "stacks handlers",
    ),
]
TABLES = [
    ("app", "SERVICE_HANDLERS", "cloudformation"),
    ("app", "SERVICE_REGISTRY", "cloudformation"),
    ("core.router", "SERVICE_PATTERNS", "cloudformation"),
    ("services.cloudformation.handlers", "_ACTION_HANDLERS", "UpdateStack"),
    ("services.cloudformation.handlers", "_ACTION_HANDLERS", "CancelUpdateStack"),
    ("services.cloudformation.provisioners", "_REPLACING_PROPERTIES", "AWS::DynamoDB::Table"),
    ("services.cloudformation.provisioners", "_RESOURCE_HANDLERS", "AWS::IAM::Role"),
    ("services.cloudformation.provisioners", "_RESOURCE_HANDLERS", "AWS::Lambda::Function"),
    ("services.cloudformation.provisioners", "_STACK_TAG_PROPERTY", "AWS::IAM::Role"),
]
READ = [
    ("core.iam_evaluator", "AuthError"),
    ("core.iam_evaluator", "EvalContext"),
    ("services.cloudformation", "_exports"),
    ("services.cloudformation", "_stack_events"),
    ("services.cloudformation", "_stacks"),
    ("services.cloudformation.engine", "_NO_VALUE"),
    ("services.cloudformation.provisioners", "_DEFERRED_PREDECESSOR_DELETES"),
    ("services.cloudformation.provisioners", "_NAME_SEED"),
    ("services.cloudformation.provisioners", "_RETAIN_REPLACED"),
    ("services.cloudwatch_logs", "_log_groups"),
    ("services.iam", "_roles"),
    ("services.lambda_svc", "execution_credentials"),
    ("services.s3", "_bucket_tags"),
]
CHECK = """
import importlib, inspect
def attribute(module, name):
    return getattr(importlib.import_module("ministack." + module), name)
def takes(function, names):
    wanted, found = names.split(), list(inspect.signature(function).parameters)
    assert not set(wanted) - set(found), (function, found)
for module, name, names in CALLED:
    takes(attribute(module, name), names)
for name, names, modules in REPLACED:
    package = "services.cloudformation."
    original = attribute(package + "stacks", name)
    takes(original, names)
    assert all(attribute(package + m, name) is original for m in modules.split()), name
for module, name, key in TABLES:
    assert key in attribute(module, name), (name, key)
for module, name in READ:
    attribute(module, name)
# The answers to custom resources go where they can be caught.
app = inspect.getsource(importlib.import_module("ministack.app"))
assert "_cfn_cr.deliver_response(token, payload)" in app
"""


@pytest.fixture
def names() -> str:
    return "\n".join(
        f"{name} = {value!r}"
        for name, value in (
            ("CALLED", CALLED),
            ("REPLACED", REPLACED),
            ("TABLES", TABLES),
            ("READ", READ),
        )
    )


def test_the_hooks_are_there(names: str) -> None:
    # In a process of its own: what is replaced stays replaced.
    done = subprocess.run([sys.executable, "-c", names + CHECK], capture_output=True, text=True)
    assert done.returncode == 0, done.stderr
