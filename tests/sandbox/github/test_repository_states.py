"""States that the repository can be in: renamed, and behind an organization's single sign-on."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable
from pathlib import Path

import httpx

from deploybook.sandbox.core.certificates import Certificates
from deploybook.sandbox.core.service import Context
from deploybook.sandbox.github.service import GitHubService

OLD = "/repos/studio/app"


def run(directory: Path, scenario: Callable[[GitHubService, httpx.AsyncClient], Awaitable[None]]) -> None:
    async def whole() -> None:
        service = GitHubService(Context(directory, Certificates(directory)))
        await service.start()
        exports = service.exports()
        headers = {"Authorization": f"Bearer {exports['GITHUB_TOKEN']}"}
        try:
            async with httpx.AsyncClient(base_url=exports["GITHUB_API_URL"], headers=headers, trust_env=False) as api:
                await scenario(service, api)
        finally:
            await service.close()

    asyncio.run(whole())


def test_a_renamed_repository_is_redirected_to_its_id(tmp_path: Path) -> None:
    async def scenario(service: GitHubService, api: httpx.AsyncClient) -> None:
        service.repository.rename("studio-app")
        moved = await api.get(f"{OLD}/actions/secrets", params={"per_page": "1"})
        assert moved.status_code == 301
        assert moved.json()["message"] == "Moved Permanently"
        target = f"/repositories/{service.repository.id}/actions/secrets?per_page=1"
        assert moved.headers["Location"].endswith(target)
        assert moved.json()["url"] == moved.headers["Location"]
        followed = await api.get(moved.headers["Location"])
        assert followed.json() == {"total_count": 0, "secrets": []}
        assert (await api.get(f"/repositories/{service.repository.id}")).json()["full_name"] == "studio/studio-app"
        assert (await api.get("/repos/studio/studio-app")).status_code == 200

    run(tmp_path, scenario)


def test_a_write_under_a_former_name_keeps_its_method(tmp_path: Path) -> None:
    async def scenario(service: GitHubService, api: httpx.AsyncClient) -> None:
        service.repository.rename("studio-app")
        body = {"message": "m", "content": "YQ=="}
        moved = await api.put(f"{OLD}/contents/a.md", json=body)
        assert moved.status_code == 307
        assert "a.md" not in service.repository.head("main").files
        followed = await api.put(f"{OLD}/contents/a.md", json=body, follow_redirects=True)
        assert followed.status_code == 201
        assert service.repository.head("main").files["a.md"] == b"a"

    run(tmp_path, scenario)


def test_a_name_that_never_was_and_another_id_are_404(tmp_path: Path) -> None:
    async def scenario(service: GitHubService, api: httpx.AsyncClient) -> None:
        service.repository.rename("studio-app")
        assert (await api.get("/repos/studio/other")).status_code == 404
        assert (await api.get(f"/repositories/{service.repository.id + 1}")).status_code == 404

    run(tmp_path, scenario)


def test_a_token_is_refused_until_it_is_authorized_for_single_sign_on(tmp_path: Path) -> None:
    async def scenario(service: GitHubService, api: httpx.AsyncClient) -> None:
        service.repository.enforces_saml = True
        refused = await api.get(OLD)
        assert refused.status_code == 403
        assert refused.json()["message"].startswith("Resource protected by organization SAML enforcement.")
        assert refused.headers["X-GitHub-SSO"].startswith("required; url=http")
        assert (await api.get("/user")).status_code == 200
        service.tokens.authorized.add(service.tokens.operator.value)
        assert (await api.get(OLD)).status_code == 200

    run(tmp_path, scenario)


def test_reset_gives_the_repository_its_name_back(tmp_path: Path) -> None:
    async def scenario(service: GitHubService, api: httpx.AsyncClient) -> None:
        service.repository.rename("studio-app")
        service.repository.enforces_saml = True
        await service.reset()
        assert (await api.get(OLD)).status_code == 200
        assert (await api.get("/repos/studio/studio-app")).status_code == 404

    run(tmp_path, scenario)


def test_to_a_classic_token_without_its_scope_a_workflow_has_no_place(tmp_path: Path) -> None:
    async def scenario(service: GitHubService, api: httpx.AsyncClient) -> None:
        token = service.tokens.issue({"contents": "write"}, classic=True)
        headers = {"Authorization": f"Bearer {token.value}"}
        body = {"message": "m", "content": "YQ=="}
        assert (await api.put(f"{OLD}/contents/a.md", json=body, headers=headers)).status_code == 201
        refused = await api.put(f"{OLD}/contents/.github/workflows/a.yml", json=body, headers=headers)
        assert refused.status_code == 404
        assert refused.json()["message"] == "Not Found"
        fine = service.tokens.issue({"contents": "write"})
        headers = {"Authorization": f"Bearer {fine.value}"}
        assert (await api.put(f"{OLD}/contents/.github/workflows/a.yml", json=body, headers=headers)).status_code == 403

    run(tmp_path, scenario)
