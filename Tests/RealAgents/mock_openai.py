#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""A loopback stand-in for the OpenAI Responses API (streaming), for `codex exec`.

It shares scenarios, directives, counters and control paths with
mock_anthropic.py, which must lie beside it; see there for the STEP keys.
Only POST .../responses is played; tool names are Codex's (for example
"exec_command" with {"cmd": "echo hi"}).

    python3 mock_openai.py --port 0
    codex exec -c model_provider=mock -c model_providers.mock.name=mock \\
        -c model_providers.mock.base_url=http://127.0.0.1:PORT/v1 \\
        -c model_providers.mock.wire_api=responses \\
        -c model_providers.mock.env_key=MOCK_KEY --skip-git-repo-check --json '[[mock:text]] hi'
"""
import json
import sys
import time
import uuid
from urllib.parse import urlsplit

import mock_anthropic as base


def as_messages(body):
    """The Responses input in the shape that the scenario chooser reads."""
    messages = []
    for item in body.get("input") or []:
        if isinstance(item, dict) and item.get("role") == "user":
            content = item.get("content")
            if isinstance(content, list):
                content = [{"type": "text", "text": part.get("text") or ""} for part in content
                           if isinstance(part, dict)]
            messages.append({"role": "user", "content": content})
        else:
            messages.append({"role": "other"})
    return messages


class Handler(base.Handler):
    server_version = "mock-openai/1"

    def handle_any(self):
        path = urlsplit(self.path).path
        if self.command == "POST" and path.endswith("/responses"):
            body = json.loads(self.read_body() or b"{}")
            entry = {"time": round(time.time(), 3), "method": "POST", "path": self.path,
                     "headers": {k.lower(): v for k, v in self.headers.items()}, "body": body}
            self.mock.count("POST " + path)
            try:
                return self.answer_responses(body, entry)
            except (BrokenPipeError, ConnectionResetError):
                self.mock.count("client went away")
                self.close_connection = True
                return None
        return super().handle_any()

    def answer_responses(self, body, entry):
        view = {"messages": as_messages(body), "model": body.get("model"), "stream": True,
                "metadata": {"user_id": body.get("prompt_cache_key")}}
        scenario, conversation = self.choose(view)
        step, number = self.mock.next_step(scenario, conversation)
        entry["scenario"], entry["n"] = scenario["name"], number
        self.mock.record(entry)
        if step.get("delay"):
            time.sleep(float(step["delay"]))
        if step.get("disconnect") == "request":
            return self.drop()
        if int(step.get("status", 200)) >= 400:
            return self.send_json(int(step["status"]), {"error": {
                "type": step.get("error", "server_error"), "code": step.get("code"),
                "message": step.get("message", "error")}}, step.get("headers"))
        message, blocks = self.build(step, view, number)
        return self.play(step, message, blocks)

    def play(self, step, message, blocks):
        self.send_response(200)
        self.send_header("content-type", "text/event-stream")
        self.send_header("transfer-encoding", "chunked")
        for name, content in (step.get("headers") or {}).items():
            self.send_header(name, str(content))
        self.end_headers()
        self.mock.count("status 200")
        if step.get("disconnect") == "headers":
            return self.drop()
        response = {"id": "resp_mock_" + uuid.uuid4().hex[:16], "object": "response",
                    "model": message["model"], "status": "in_progress", "output": []}
        self.event("response.created", response=response)
        for index, block in enumerate(blocks):
            item = self.item(block)
            self.event("response.output_item.added", output_index=index, item=item)
            if block["type"] == "text":
                size = max(1, int(step.get("chunk", 4096)))
                text = block["text"]
                for start in range(0, len(text), size):
                    self.event("response.output_text.delta", output_index=index, content_index=0,
                               item_id=item["id"], delta=text[start:start + size])
                    if step.get("hang"):
                        time.sleep(float(step["hang"]))
                    if step.get("chunk_delay"):
                        time.sleep(float(step["chunk_delay"]))
                if step.get("disconnect") == "mid":
                    return self.drop()
            self.event("response.output_item.done", output_index=index, item=item)
            response["output"].append(item)
        if step.get("stream_error"):
            self.event("response.failed", response=dict(response, status="failed", error={
                "code": step["stream_error"].get("type"), "message": step["stream_error"].get("message")}))
        else:
            usage = message["usage"]
            total = usage["input_tokens"] + usage["output_tokens"]
            self.event("response.completed", response=dict(response, status="completed", usage={
                "input_tokens": usage["input_tokens"], "input_tokens_details": {"cached_tokens": 0},
                "output_tokens": usage["output_tokens"], "output_tokens_details": {"reasoning_tokens": 0},
                "total_tokens": total}))
        self.wfile.write(b"0\r\n\r\n")
        self.wfile.flush()

    @staticmethod
    def item(block):
        if block["type"] == "text":
            return {"type": "message", "role": "assistant", "id": "msg_" + uuid.uuid4().hex[:16],
                    "status": "completed",
                    "content": [{"type": "output_text", "text": block["text"], "annotations": []}]}
        if block["type"] == "thinking":
            return {"type": "reasoning", "id": "rs_" + uuid.uuid4().hex[:16],
                    "summary": [{"type": "summary_text", "text": block["thinking"]}]}
        return {"type": "function_call", "id": "fc_" + uuid.uuid4().hex[:16], "call_id": block["id"],
                "name": block["name"], "arguments": json.dumps(block["input"]), "status": "completed"}


if __name__ == "__main__":
    sys.exit(base.main(handler=Handler))
