"""Assets as a browser sees them: the list, one of them, its audio, its end."""

from __future__ import annotations

import datetime

from starlette.requests import Request
from starlette.responses import RedirectResponse, Response

from deploybook.sample_app.assets import QUOTA_GB
from deploybook.sample_app.web.answers import api_error, done, json_body
from deploybook.sample_app.web.context import web_of

KEPT_DAYS = 30
MEBIBYTE = 1024 * 1024


async def list_assets(request: Request) -> Response:
    """GET ``/api/audio/assets``."""
    assets = web_of(request).assets()
    used = await assets.bytes_used()
    usage = {"bytes": used, "mb": round(used / MEBIBYTE, 1), "quotaGB": QUOTA_GB}
    return done(assets=await assets.all(), diskUsage=usage)


async def clean_up(request: Request) -> Response:
    """POST ``/api/audio/assets`` ``{action: "cleanup"}``: delete what nobody has used for a month."""
    try:
        body = await json_body(request)
    except ValueError:
        body = {}
    if not isinstance(body, dict) or body.get("action") != "cleanup":
        return api_error(400, "VALIDATION_ERROR", 'POST requires { action: "cleanup" }')
    assets, limit = web_of(request).assets(), datetime.datetime.now(datetime.UTC) - datetime.timedelta(KEPT_DAYS)
    old = [
        asset["assetId"]
        for asset in await assets.all()
        if datetime.datetime.fromisoformat(asset["updatedAt"]) < limit
        and not await assets.is_referenced(asset["assetId"])
    ]
    for asset_id in old:
        await assets.delete(asset_id)
    return done(deletedCount=len(old))


async def get_asset(request: Request) -> Response:
    """GET ``/api/audio/assets/{id}``."""
    asset_id, assets = request.path_params["asset_id"], web_of(request).assets()
    asset = await assets.find(asset_id)
    if asset is None:
        return _not_found(asset_id)
    peaks, edits = await assets.json(asset_id, "peaks.json"), await assets.json(asset_id, "edits.json")
    return done(**asset, peaks=peaks, edits=edits)


async def delete_asset(request: Request) -> Response:
    """DELETE ``/api/audio/assets/{id}?force=true``."""
    asset_id, assets = request.path_params["asset_id"], web_of(request).assets()
    if await assets.find(asset_id) is None:
        return _not_found(asset_id)
    if request.query_params.get("force") != "true" and await assets.is_referenced(asset_id):
        message = f"Asset {asset_id} is referenced by other recipes. Use force=true to delete anyway."
        return api_error(409, "CONFLICT", message)
    await assets.delete(asset_id)
    return done(deleted=asset_id)


async def stream(request: Request) -> Response:
    """GET ``/api/audio/assets/{id}/stream?variant=original|prepared``: to the file's signed URL."""
    asset_id, assets = request.path_params["asset_id"], web_of(request).assets()
    if await assets.find(asset_id) is None:
        return _not_found(asset_id)
    variant = "prepared" if request.query_params.get("variant") == "prepared" else "original"
    key = await assets.file(asset_id, variant)
    if key is None:
        return api_error(404, "NOT_FOUND", f"Audio file not found for this asset (variant: {variant})")
    return RedirectResponse(assets.storage.download_url(key), 302, {"Cache-Control": "public, max-age=3600"})


def _not_found(asset_id: str) -> Response:
    return api_error(404, "NOT_FOUND", f"Asset {asset_id} not found")
