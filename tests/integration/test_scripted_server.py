"""The server of scripted models as a command of its own, as demos start it."""

import asyncio
import json
import sys
from pathlib import Path

import httpx


async def test_the_command_prints_its_address_answers_whole_and_keeps_a_log(tmp_path: Path) -> None:
    script = tmp_path / "script.json"
    script.write_text(json.dumps([{"last": "Hi", "answer": {"text": "Hello."}}]))
    command = (sys.executable, "-m", "wand_orchestrator.scripted_models", str(script))
    process = await asyncio.create_subprocess_exec(*command, stdout=asyncio.subprocess.PIPE)
    assert process.stdout is not None
    try:
        url = (await process.stdout.readline()).decode().strip()
        async with httpx.AsyncClient(timeout=30) as client:
            said = [{"role": "user", "content": "Hi"}]
            chat = (await client.post(f"{url}/chat/completions", json={"model": "m", "messages": said})).json()
            assert chat["choices"][0]["message"]["content"] == "Hello."
            responses = (await client.post(f"{url}/responses", json={"model": "m", "input": "Hi"})).json()
            assert responses["output"][0]["content"][0]["text"] == "Hello."
            messages = (await client.post(f"{url}/messages", json={"model": "m", "messages": said})).json()
            assert messages["content"] == [{"type": "text", "text": "Hello."}]
            log = (await client.get(url.replace("/v1", "/log"))).json()
            usage = chat["usage"]
            assert log["requests"] == 3
            assert log["exchanges"][0]["usd"] == (usage["prompt_tokens"] + 4 * usage["completion_tokens"]) / 1e6
            unknown = await client.post(f"{url}/chat/completions", json={"model": "m", "messages": []})
            assert (unknown.status_code, unknown.json()["error"]["code"]) == (400, "invalid_value")
    finally:
        process.terminate()
        await process.wait()
