"""A render app whose image is made of the whole repository, and whose render needs a browser."""

import os

import modal

LABEL = os.environ.get("MODAL_LABEL", "small")
app = modal.App()
web = modal.Image.debian_slim(python_version="3.11").pip_install("fastapi[standard]")
browser = (
    modal.Image.debian_slim(python_version="3.11")
    .apt_install("chromium")
    .pip_install("fastapi[standard]")
    .add_local_dir(".", "/app", copy=True, ignore=["node_modules", ".next", ".git"])
    .run_commands("cd /app && npm ci --ignore-scripts", "cd /app && node --check worker/index.js")
    .env({"NODE_ENV": "production"})
)
auth = modal.Secret.from_name("render-auth")


@app.function(image=web, secrets=[auth])
@modal.fastapi_endpoint(method="POST", label=f"{LABEL}-submit")
def submit(body: dict) -> dict:
    if body.get("auth_token") != os.environ["MODAL_AUTH_TOKEN"]:
        return {"error": "Unauthorized", "status": 401}
    if not body.get("config"):
        return {"error": "config is required", "status": 400}
    call = render.spawn(config=body["config"], job_id=body["job_id"], audio_url=body.get("audio_signed_url"))
    return {"call_id": call.object_id, "gpu": False, "job_id": body["job_id"]}


@app.function(image=web)
@modal.fastapi_endpoint(method="GET", label=f"{LABEL}-status")
def status(call_id: str = "") -> dict:
    if not call_id:
        return {"error": "call_id query parameter required", "status": 400}
    try:
        return {"status": "completed", "result": modal.FunctionCall.from_id(call_id).get(timeout=0)}
    except TimeoutError:
        return {"status": "running"}
    except Exception as error:  # noqa: BLE001 - whatever the render raised comes out here
        return {"status": "failed", "error": str(error)}


@app.function(image=browser, secrets=[modal.Secret.from_name("r2-credentials"), auth])
def render(config: dict, job_id: str, audio_url: str) -> dict:
    raise NotImplementedError
