"""CloudFormation's stack operations, as on AWS.

MiniStack brings the API, templates, change sets and the resource types. Its
operations go through a template one resource after the other, and roll custom
resources back otherwise than AWS does. So ``operations`` stands in for them:

- ``template``: what a template asks for, with parameters and tags
- ``stack``: one stack's record, resources and events
- ``change``: bring a stack's resources to a template, in parallel
- ``removal``: delete resources; the clean-up; delete a stack
- ``imports``: take resources that exist into a stack
- ``custom_resource``: the protocol of custom resources
- ``nested``: stacks in a stack
- ``exports``: exports that other stacks import
- ``long_poll``: hold a question until there is news
"""
