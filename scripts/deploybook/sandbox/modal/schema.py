"""Messages that describe functions, apps and secrets to the SDK; pure functions of the state."""

from __future__ import annotations

from typing import TYPE_CHECKING

from modal_proto import api_pb2

if TYPE_CHECKING:
    from deploybook.sandbox.modal.state.apps import App, Function
    from deploybook.sandbox.modal.state.namespace import Secret
    from deploybook.sandbox.modal.state.workspace import Workspace


def web_url(workspace: Workspace, function: Function) -> str:
    """The endpoint's address: ``https://<label>.modal.run`` at Modal, here that host name as a path of one port."""
    return f"{workspace.web_base}/{function.label}.modal.run" if function.label else ""


def function_metadata(workspace: Workspace, function: Function) -> api_pb2.FunctionHandleMetadata:
    """What a client's handle on a function knows."""
    announced = function.announced
    return api_pb2.FunctionHandleMetadata(
        function_name=function.name,
        function_type=announced.function_type,
        web_url=web_url(workspace, function),
        definition_id=function.definition_id,
        function_schema=announced.function_schema if announced.HasField("function_schema") else None,
        supported_input_formats=announced.supported_input_formats,
        supported_output_formats=announced.supported_output_formats,
        app_id=function.app_id,
        method_handle_metadata={
            name: api_pb2.FunctionHandleMetadata(
                function_name=method.function_name,
                function_type=method.function_type,
                is_method=True,
                use_method_name=name,
                function_schema=method.function_schema,
                supported_input_formats=method.supported_input_formats,
                supported_output_formats=method.supported_output_formats,
            )
            for name, method in announced.method_definitions.items()
        },
    )


def function_data(workspace: Workspace, function: Function) -> api_pb2.FunctionData:
    """The definition in the newer of Modal's two forms; the SDK wants at least one ranked function in it."""
    definition = api_pb2.Function()
    definition.CopyFrom(function.definition)
    definition.web_url = web_url(workspace, function)
    definition.web_url_info.truncated = function.label_truncated
    data = api_pb2.FunctionData(
        module_name=definition.module_name,
        function_name=definition.function_name,
        implementation_name=definition.implementation_name,
        function_type=definition.function_type,
        timeout_secs=definition.timeout_secs,
        autoscaler_settings=definition.autoscaler_settings,
        web_url=definition.web_url,
        web_url_info=definition.web_url_info,
        webhook_config=definition.webhook_config,
        method_definitions=definition.method_definitions,
        method_definitions_set=True,
        is_class=definition.is_class,
        function_schema=definition.function_schema,
        supported_input_formats=definition.supported_input_formats,
        supported_output_formats=definition.supported_output_formats,
    )
    data.ranked_functions.add(rank=0, function=definition)
    return data


def app_lifecycle(app: App) -> api_pb2.AppLifecycle:
    """The dates of an app."""
    return api_pb2.AppLifecycle(
        app_state=app.state,  # type: ignore[arg-type]
        created_at=app.created_at,
        created_by=app.created_by,
        deployed_at=app.deployed_at,
        deployed_by=app.created_by if app.deployed_at else "",
        version=app.version,
        stopped_at=app.stopped_at,
        stopped_by=app.created_by if app.stopped_at else "",
    )


def app_layout(workspace: Workspace, app: App, for_container: Function | None = None) -> api_pb2.AppLayout:
    """The functions of an app; for a container also the other objects that its function depends on."""
    layout = api_pb2.AppLayout()
    for tag, function in app.functions.items():
        layout.function_ids[tag] = function.object_id
        metadata = function_metadata(workspace, function)
        layout.objects.add(object_id=function.object_id, function_handle_metadata=metadata)
    if for_container:
        listed = {it.object_id for it in layout.objects}
        for dependency in for_container.definition.object_dependencies:
            if dependency.object_id not in listed:
                layout.objects.add(object_id=dependency.object_id)
                listed.add(dependency.object_id)
    return layout


def secret_metadata(secret: Secret) -> api_pb2.SecretMetadata:
    """A secret without its values."""
    return api_pb2.SecretMetadata(
        name=secret.name,
        environment_name=secret.environment,
        keys=sorted(secret.values),
        last_used_at=secret.last_used_at,
        creation_info=api_pb2.CreationInfo(created_at=secret.created_at, created_by=secret.created_by),
    )
