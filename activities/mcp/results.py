"""Turns the result of an MCP tool into the output of a node: texts, structured content, and artifacts for the rest."""

import base64
import binascii
import mimetypes
from typing import Any

from mcp_types import (
    AudioContent,
    BlobResourceContents,
    CallToolResult,
    EmbeddedResource,
    ImageContent,
    ResourceLink,
    TextContent,
    TextResourceContents,
)
from pydantic_core import to_json

from wand_orchestrator._agent import AgentContext
from wand_orchestrator.activities.mcp.plain_text import shown
from wand_orchestrator.contract.masking import Mask
from wand_orchestrator.errors import AgentError
from wand_orchestrator.files.artifacts import check_file

MAX_LINKS = 100
MAX_FILES = 100
"""Of one result; further ones are left out, which the text says."""


class Result:
    """The result of a call, with the secrets of the server's settings masked."""

    def __init__(self, answer: CallToolResult, mask: Mask) -> None:
        self._mask = mask
        self._answer = answer
        self.text = mask.text("\n".join(part.text for part in answer.content if isinstance(part, TextContent)))
        self.structured: Any = mask.json(answer.structured_content)
        self._artifacts: list[dict[str, Any]] = []
        self._links: list[dict[str, str]] = []
        self._left_out = 0

    async def output(self, ctx: AgentContext) -> dict[str, Any]:
        """Return the output of the node; saves what is too large, and what is no text. Raises AgentError."""
        limit = ctx.settings.mcp_max_result_bytes
        for part in self._answer.content:
            await self._keep(part, ctx)
        if self._left_out:
            self.text = f"{self.text}\n[{self._left_out} further files or links are left out]".strip()
        text, cut_text = await self._text_within(limit, ctx)
        structured, cut_structured = await self._structured_within(limit, ctx)
        return {
            "text": text,
            "structured": structured,
            "artifacts": self._artifacts,
            "links": self._links,
            "cut": cut_text or cut_structured,
        }

    async def _text_within(self, limit: int, ctx: AgentContext) -> tuple[str, bool]:
        whole = self.text.encode(errors="replace")
        if len(whole) <= limit:
            return self.text, False
        await self._save(ctx, "text.txt", whole, "text/plain", "text")
        return whole[: limit // 4].decode(errors="ignore"), True

    async def _structured_within(self, limit: int, ctx: AgentContext) -> tuple[Any, bool]:
        if self.structured is None or len(whole := to_json(self.structured)) <= limit:
            return self.structured, False
        await self._save(ctx, "structured.json", whole, "application/json", "structured")
        return None, True

    async def _keep(self, part: Any, ctx: AgentContext) -> None:
        """Keep a part of the content that is no text."""
        if isinstance(part, ImageContent | AudioContent):
            await self._save_blob(ctx, part.data, part.mime_type, part.type)
        elif isinstance(part, ResourceLink):
            self._link(part)
        elif isinstance(part, EmbeddedResource):
            await self._keep_resource(part.resource, ctx)

    async def _keep_resource(self, resource: TextResourceContents | BlobResourceContents, ctx: AgentContext) -> None:
        uri = self._mask.text(str(resource.uri))
        if isinstance(resource, BlobResourceContents):
            await self._save_blob(ctx, resource.blob, resource.mime_type or "application/octet-stream", uri)
        else:
            text = self._mask.text(resource.text)
            await self._save_file(ctx, text.encode(errors="replace"), resource.mime_type or "text/plain", uri)

    def _link(self, link: ResourceLink) -> None:
        if len(self._links) >= MAX_LINKS:
            self._left_out += 1
        else:
            self._links.append({"uri": self._mask.text(str(link.uri)), "name": self._mask.text(link.name)})

    async def _save_blob(self, ctx: AgentContext, data: str, media_type: str, of: str) -> None:
        try:
            content = base64.b64decode(data, validate=True)
        except (binascii.Error, ValueError):
            self.text = f"{self.text}\n[{shown(of, 100)}: its data is not base64]".strip()
            return
        await self._save_file(ctx, content, media_type, of)

    async def _save_file(self, ctx: AgentContext, content: bytes, media_type: str, of: str) -> None:
        if len(self._artifacts) >= MAX_FILES:
            self._left_out += 1
            return
        ending = mimetypes.guess_extension(media_type.partition(";")[0].strip()) or ".bin"
        name = f"{len(self._artifacts) + 1}{ending}"
        await self._save(ctx, name, content, _media_type(name, media_type), of)

    async def _save(self, ctx: AgentContext, name: str, content: bytes, media_type: str, of: str) -> None:
        url = await ctx.save_artifact(name, content, media_type)
        self._artifacts.append({"url": url, "media_type": media_type, "bytes": len(content), "of": shown(of, 500)})


def _media_type(name: str, told: str) -> str:
    """Return the media type that the server tells, if artifacts can have it."""
    try:
        check_file(name, told)
    except AgentError:
        return "application/octet-stream"
    return told
