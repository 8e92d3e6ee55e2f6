#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""A loopback stand-in for the Anthropic Messages API, driven by scenarios.

Purpose: run a real agent CLI (or any client of the Messages API) in tests with
no network and no credentials, and make the server misbehave on purpose.
Python 3.8+, standard library only, one file.

    python3 mock_anthropic.py --port 0 --log requests.jsonl
    {"ready": true, "port": 40123, "url": "http://127.0.0.1:40123"}   <- line 1

    ANTHROPIC_BASE_URL=http://127.0.0.1:40123 ANTHROPIC_API_KEY=mock-key \\
        claude -p '[[mock:tool]] list the files'

Choosing a scenario (first match wins)
  1. A directive in the newest user text that has one:  [[mock:NAME]]
     or with the steps inline, as JSON:  [[mock:{"steps":[{"text":"hi"}]}]]
     So one server serves many clients at once, each with a scenario of its own.
  2. The API key:  ANTHROPIC_API_KEY=mock-NAME
  3. The server's default (--scenario NAME, or POST /__mock/default).

A scenario is {"steps": [STEP, ...]}.  Request number n of one conversation gets
step n; the last step answers every later request.  A step with "times": k
counts k times.  The conversation is told by the X-Claude-Code-Session-Id header
(else metadata.user_id, else the first user text) and by the message that holds
the directive, so a resumed session starts a new scenario with a new directive.

STEP keys
  text        answer text; may hold {n} (request number) and {prompt} (last user text)
  repeat      repeat the text that many times (huge answers)
  thinking    a thinking block before the text
  tool        name of a tool to call, with "input": {...};  "tools": [{"tool","input"},...]
              for several at once
  stop_reason default end_turn, or tool_use where a tool is called
  usage       overrides for the usage object, e.g. {"input_tokens": 10}
  model       model name in the answer (default: the one asked for)
  delay       seconds before the first byte;  chunk: characters per streamed delta;
  chunk_delay seconds between deltas
  status      an HTTP error: "error" (type), "message", "headers": {...}
  stream_error {"type","message"}: send part of the text, then an SSE error event
  disconnect  "request" (close without answering), "headers" (after the status line
              and headers), "mid" (after half of the text)
  hang        seconds of silence after the first delta, connection kept open
  raw         send this body verbatim, with "status" and "content_type"
  headers     extra response headers, on success too (rate-limit headers)
  reset_in    seconds: fills the usage-limit reset headers and retry-after from now
  times       how many requests this step answers (default 1; -1 for ever)

Requests that a CLI makes beside the conversation (token counts, model lists,
probes) never use up a step; they get short fixed answers.  Streamed side requests
of older CLIs get the default scenario, so keep that at "text".

Control (loopback only, JSON)
  GET  /__mock/health            {"ok": true}
  GET  /__mock/requests          every request seen so far (bodies included)
  GET  /__mock/stats             counters by path, status and scenario
  POST /__mock/reset             forget requests and conversation counters
  POST /__mock/default           {"scenario": "NAME"} or {"steps": [...]}
  POST /__mock/scenarios         {"NAME": {"steps": [...]}, ...} adds or replaces
"""
import argparse
import json
import os
import socket
import sys
import threading
import time
import uuid
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from urllib.parse import urlsplit

DIRECTIVE = "[[mock:"
MAX_KEPT = 5000


def _overloaded(times=-1):
    return {"status": 529, "error": "overloaded_error", "message": "Overloaded", "times": times}


def _rate_limited(times=-1, retry_after="1"):
    return {"status": 429, "error": "rate_limit_error",
            "message": "This request would exceed your rate limit. Please try again later.",
            "headers": {"retry-after": retry_after}, "times": times}


SCENARIOS = {
    "text": {"steps": [{"text": "Hello from the mock."}]},
    "echo": {"steps": [{"text": "{prompt}"}]},
    "thinking": {"steps": [{"thinking": "Let me think.", "text": "Thought about it."}]},
    "tool": {"steps": [
        {"text": "I will run a command.", "tool": "Bash",
         "input": {"command": "echo mock-tool-ran", "description": "Say a word"}},
        {"text": "The command ran."}]},
    "write": {"steps": [
        {"tool": "Write", "input": {"file_path": "mock-out.txt", "content": "written by the mock\n"}},
        {"text": "File written."}]},
    # A bare "sleep 300" is refused by Claude Code itself, hence tail.
    "bash_long": {"steps": [
        {"tool": "Bash", "input": {"command": "tail -f /dev/null", "description": "Run for ever"}},
        {"text": "That command has ended."}]},
    "bash_detached": {"steps": [
        {"tool": "Bash", "input": {"command": "setsid nohup tail -f /dev/null >/dev/null 2>&1 & echo started",
                                   "description": "Leave a process behind"}},
        {"text": "Started."}]},
    "loop": {"steps": [
        {"tool": "Bash", "input": {"command": "echo again", "description": "Again"}}]},
    "slow": {"steps": [{"text": "Slow answer, sent bit by bit.", "chunk": 3, "chunk_delay": 0.5}]},
    "late": {"steps": [{"text": "Late answer.", "delay": 5}]},
    "hang": {"steps": [{"text": "Before the silence. After it.", "chunk": 10, "hang": 3600}]},
    "silent": {"steps": [{"text": "never", "delay": 3600}]},
    "huge": {"steps": [{"text": "0123456789abcdef" * 4, "repeat": 16384, "chunk": 8192}]},
    "max_tokens": {"steps": [{"text": "Cut off here", "stop_reason": "max_tokens"}]},
    "refusal": {"steps": [{"text": "", "stop_reason": "refusal"}]},
    "rate_limit": {"steps": [_rate_limited()]},
    "rate_limit_once": {"steps": [_rate_limited(1), {"text": "Answer after a 429."}]},
    "overloaded": {"steps": [_overloaded()]},
    "overloaded_once": {"steps": [_overloaded(1), {"text": "Answer after a 529."}]},
    "server_error": {"steps": [{"status": 500, "error": "api_error", "message": "Internal server error"}]},
    "auth": {"steps": [{"status": 401, "error": "authentication_error", "message": "invalid x-api-key"}]},
    "forbidden": {"steps": [{"status": 403, "error": "permission_error",
                             "message": "Your account does not have access to this model."}]},
    "not_found": {"steps": [{"status": 404, "error": "not_found_error", "message": "model: nope"}]},
    "invalid": {"steps": [{"status": 400, "error": "invalid_request_error",
                           "message": "messages: at least one message is required"}]},
    "too_long": {"steps": [{"status": 400, "error": "invalid_request_error",
                            "message": "prompt is too long: 250000 tokens > 200000 maximum"}]},
    "too_large": {"steps": [{"status": 413, "error": "request_too_large",
                             "message": "Request exceeds the maximum size"}]},
    "no_credit": {"steps": [{"status": 400, "error": "invalid_request_error",
                             "message": "Your credit balance is too low to access the Anthropic API. "
                                        "Please go to Plans & Billing to upgrade or purchase credits."}]},
    # What a subscription's used-up window looks like on the wire: a 429 with the
    # unified rate-limit headers and a reset time far away ("reset_in" is filled in).
    "usage_limit": {"steps": [{
        "status": 429, "error": "rate_limit_error",
        "message": "This request would exceed your account's rate limit. Please try again later.",
        "reset_in": 3600,
        "headers": {"anthropic-ratelimit-unified-status": "rejected",
                    "anthropic-ratelimit-unified-representative-claim": "five_hour",
                    "anthropic-ratelimit-unified-fallback": "unavailable",
                    "anthropic-ratelimit-unified-overage-status": "rejected",
                    "anthropic-ratelimit-unified-5h-status": "rejected",
                    "anthropic-ratelimit-unified-5h-utilization": "1.0"}}]},
    "disconnect": {"steps": [{"disconnect": "mid", "text": "Half of this never arrives, sorry."}]},
    "disconnect_once": {"steps": [
        {"disconnect": "mid", "text": "Half of this never arrives, sorry."},
        {"text": "Answer after a lost connection."}]},
    "reset": {"steps": [{"disconnect": "request"}]},
    "stream_error": {"steps": [{"text": "Some text and then an error.",
                                "stream_error": {"type": "overloaded_error", "message": "Overloaded"}}]},
    "garbage": {"steps": [{"raw": "<html>502 Bad Gateway</html>", "status": 502,
                           "content_type": "text/html"}]},
}


class Mock:
    """State shared by all requests: scenarios, counters, and the log."""

    def __init__(self, default="text", log_path=None):
        self.lock = threading.Lock()
        self.scenarios = dict(SCENARIOS)
        self.default = self.find(default)
        self.log_path = log_path
        self.reset()

    def reset(self):
        with self.lock:
            self.counters = {}
            self.requests = []
            self.stats = {}
            self.sequence = 0

    def find(self, spec):
        """A scenario from its name, or from an object that has steps."""
        if isinstance(spec, dict) and "scenario" in spec:
            spec = spec["scenario"]
        if isinstance(spec, dict) and isinstance(spec.get("steps"), list) and spec["steps"]:
            return dict(spec, name=spec.get("name", "inline"))
        if isinstance(spec, str) and spec in self.scenarios:
            return dict(self.scenarios[spec], name=spec)
        return None

    def record(self, entry):
        with self.lock:
            self.sequence += 1
            entry["seq"] = self.sequence
            self.requests.append(entry)
            del self.requests[:-MAX_KEPT]
            if self.log_path:
                with open(self.log_path, "a", encoding="utf-8") as log:
                    log.write(json.dumps(entry, ensure_ascii=False) + "\n")

    def count(self, key):
        with self.lock:
            self.stats[key] = self.stats.get(key, 0) + 1

    def next_step(self, scenario, conversation):
        """The step for this request, and the request's number (from 1)."""
        with self.lock:
            number = self.counters.get(conversation, 0) + 1
            self.counters[conversation] = number
        left = number
        step = scenario["steps"][-1]
        for candidate in scenario["steps"]:
            times = int(candidate.get("times", 1))
            if times < 0 or left <= times:
                step = candidate
                break
            left -= times
        return step, number


def user_texts(body):
    """(message index, text) of every text block a user message holds, in order."""
    found = []
    for index, message in enumerate(body.get("messages") or []):
        if not isinstance(message, dict) or message.get("role") != "user":
            continue
        content = message.get("content")
        if isinstance(content, str):
            found.append((index, content))
        elif isinstance(content, list):
            found.extend((index, block.get("text") or "") for block in content
                         if isinstance(block, dict) and block.get("type") == "text")
    return found


def directive_in(text):
    """What the first directive in a text asks for: a name, an object, or None."""
    start = text.find(DIRECTIVE)
    if start < 0:
        return None
    rest = text[start + len(DIRECTIVE):].lstrip()
    if rest.startswith("{"):
        try:
            return json.JSONDecoder().raw_decode(rest)[0]
        except ValueError:
            return None
    end = rest.find("]]")
    return rest[:end].strip() if end >= 0 else None


def is_side_request(body):
    """Quota probes, title makers and the like: not the agent's own conversation.

    Only asked where no directive was found; streamed side requests of older CLI
    versions cannot be told from the rest and get the default scenario, so keep
    the default at "text" and choose scenarios by directive.
    """
    if int(body.get("max_tokens") or 2) <= 1:
        return True
    return not body.get("tools") and not body.get("stream", False)


class Handler(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    server_version = "mock-anthropic/1"
    mock = None

    # -- plumbing ---------------------------------------------------------
    def log_message(self, *_):
        pass

    def send_json(self, status, value, headers=None):
        data = json.dumps(value).encode("utf-8")
        self.send_response(status)
        self.send_header("content-type", "application/json")
        self.send_header("content-length", str(len(data)))
        for name, content in (headers or {}).items():
            self.send_header(name, str(content))
        self.end_headers()
        if self.command != "HEAD":
            self.wfile.write(data)
        self.mock.count("status %d" % status)

    def drop(self):
        """Close the connection at once, so that the client sees it break."""
        self.close_connection = True
        try:
            self.wfile.flush()
            self.connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, b"\1\0\0\0\0\0\0\0")
            self.connection.close()
        except OSError:
            pass

    def read_body(self):
        if "chunked" in (self.headers.get("transfer-encoding") or "").lower():
            parts = []
            while True:
                size = int(self.rfile.readline().split(b";")[0], 16)
                if size == 0:
                    while self.rfile.readline().strip():
                        pass
                    return b"".join(parts)
                parts.append(self.rfile.read(size))
                self.rfile.readline()
        return self.rfile.read(int(self.headers.get("content-length") or 0))

    def do_HEAD(self):
        self.handle_any()

    def do_GET(self):
        self.handle_any()

    def do_POST(self):
        self.handle_any()

    def handle_any(self):
        path = urlsplit(self.path).path
        raw = self.read_body()
        try:
            body = json.loads(raw) if raw else {}
        except ValueError:
            body = {"unparsed": raw.decode("utf-8", "replace")}
        if path.startswith("/__mock/"):
            return self.control(path[len("/__mock/"):], body)
        entry = {"time": round(time.time(), 3), "method": self.command, "path": self.path,
                 "headers": {k.lower(): v for k, v in self.headers.items()}, "body": body}
        self.mock.count("%s %s" % (self.command, path))
        try:
            if path == "/v1/messages" and self.command == "POST":
                self.messages(body, entry)
            else:
                self.mock.record(entry)
                self.side_path(path, body)
        except (BrokenPipeError, ConnectionResetError, ValueError):
            self.mock.count("client went away")
            self.close_connection = True

    def side_path(self, path, body):
        if path == "/v1/messages/count_tokens":
            return self.send_json(200, {"input_tokens": max(1, len(json.dumps(body)) // 4)})
        if path == "/v1/models":
            return self.send_json(200, {"data": [], "has_more": False, "first_id": None, "last_id": None})
        if path == "/":
            return self.send_json(200, {})
        return self.send_json(404, {"type": "error", "error": {
            "type": "not_found_error", "message": "mock: no such path " + path}})

    def control(self, what, body):
        mock = self.mock
        if what == "health":
            return self.send_json(200, {"ok": True})
        if what == "requests":
            with mock.lock:
                seen = list(mock.requests)
            return self.send_json(200, seen)
        if what == "stats":
            with mock.lock:
                seen = dict(mock.stats)
            return self.send_json(200, seen)
        if self.command == "POST" and what == "reset":
            mock.reset()
            return self.send_json(200, {"ok": True})
        if self.command == "POST" and what == "scenarios":
            mock.scenarios.update(body)
            return self.send_json(200, {"ok": True, "scenarios": sorted(mock.scenarios)})
        if self.command == "POST" and what == "default":
            chosen = mock.find(body)
            if chosen is None:
                return self.send_json(400, {"ok": False, "scenarios": sorted(mock.scenarios)})
            mock.default = chosen
            return self.send_json(200, {"ok": True})
        return self.send_json(404, {"ok": False})

    # -- the conversation -------------------------------------------------
    def choose(self, body):
        """(scenario, conversation key), or (None, None) for a request beside the conversation."""
        session = self.headers.get("x-claude-code-session-id")
        if not session:
            session = str((body.get("metadata") or {}).get("user_id") or "")
        texts = user_texts(body)
        for index, text in reversed(texts):
            wanted = directive_in(text)
            scenario = self.mock.find(wanted) if wanted is not None else None
            if scenario:
                return scenario, (session, index, json.dumps(wanted, sort_keys=True))
        if is_side_request(body):
            return None, None
        first = texts[0][1][:200] if texts else ""
        key = self.headers.get("x-api-key") or ""
        if key.startswith("mock-") and self.mock.find(key[5:]):
            return self.mock.find(key[5:]), (session, key, first)
        return self.mock.default, (session, "default", first)

    def messages(self, body, entry):
        scenario, conversation = self.choose(body)
        if scenario is None:
            entry["side"] = True
            self.mock.record(entry)
            self.mock.count("side request")
            return self.answer({"text": "Mock side answer"}, body, 0)
        step, number = self.mock.next_step(scenario, conversation)
        entry["scenario"], entry["n"] = scenario["name"], number
        self.mock.record(entry)
        self.mock.count("scenario " + scenario["name"])
        return self.answer(step, body, number)

    def answer(self, step, body, number):
        if step.get("delay"):
            time.sleep(float(step["delay"]))
        headers = {"request-id": "req_mock_" + uuid.uuid4().hex[:16]}
        headers.update(step.get("headers") or {})
        if "reset_in" in step:
            reset = str(int(time.time()) + int(step["reset_in"]))
            headers.setdefault("anthropic-ratelimit-unified-reset", reset)
            headers.setdefault("anthropic-ratelimit-unified-5h-reset", reset)
            headers.setdefault("retry-after", str(int(step["reset_in"])))
        if step.get("disconnect") == "request":
            return self.drop()
        if "raw" in step:
            data = step["raw"].encode("utf-8")
            self.send_response(int(step.get("status", 200)))
            self.send_header("content-type", step.get("content_type", "application/json"))
            self.send_header("content-length", str(len(data)))
            self.end_headers()
            self.wfile.write(data)
            return self.mock.count("status %d" % int(step.get("status", 200)))
        if "status" in step and int(step["status"]) >= 400:
            return self.send_json(int(step["status"]), {
                "type": "error",
                "error": {"type": step.get("error", "api_error"), "message": step.get("message", "error")},
                "request_id": headers["request-id"]}, headers)
        message, blocks = self.build(step, body, number)
        if body.get("stream"):
            return self.stream(step, message, blocks, headers)
        if step.get("disconnect"):
            return self.drop()
        message["content"] = blocks
        return self.send_json(200, message, headers)

    def build(self, step, body, number):
        texts = user_texts(body)
        blocks = []
        if step.get("thinking"):
            blocks.append({"type": "thinking", "thinking": step["thinking"], "signature": "bW9jaw=="})
        text = str(step.get("text", ""))
        text = text.replace("{n}", str(number)).replace("{prompt}", texts[-1][1] if texts else "")
        text *= int(step.get("repeat", 1))
        calls = step.get("tools") or ([step] if step.get("tool") else [])
        if text or not calls:
            blocks.append({"type": "text", "text": text})
        for call in calls:
            blocks.append({"type": "tool_use", "id": "toolu_mock_" + uuid.uuid4().hex[:20],
                           "name": call["tool"], "input": call.get("input") or {}})
        usage = {"input_tokens": 100, "cache_creation_input_tokens": 0, "cache_read_input_tokens": 0,
                 "output_tokens": 20, "service_tier": "standard"}
        usage.update(step.get("usage") or {})
        return {"id": "msg_mock_" + uuid.uuid4().hex[:20], "type": "message", "role": "assistant",
                "model": step.get("model") or body.get("model") or "mock-model", "content": [],
                "stop_reason": step.get("stop_reason") or ("tool_use" if calls else "end_turn"),
                "stop_sequence": None, "usage": usage}, blocks

    def event(self, name, **fields):
        data = "event: %s\ndata: %s\n\n" % (name, json.dumps(dict(fields, type=name)))
        data = data.encode("utf-8")
        self.wfile.write(b"%x\r\n%s\r\n" % (len(data), data))
        self.wfile.flush()

    def stream(self, step, message, blocks, headers):
        self.send_response(200)
        self.send_header("content-type", "text/event-stream; charset=utf-8")
        self.send_header("cache-control", "no-cache")
        self.send_header("transfer-encoding", "chunked")
        for name, content in headers.items():
            self.send_header(name, str(content))
        self.end_headers()
        self.wfile.flush()
        self.mock.count("status 200")
        cut = step.get("disconnect")
        if cut == "headers":
            return self.drop()
        final = message["stop_reason"]
        opening = dict(message, stop_reason=None, usage=dict(message["usage"], output_tokens=1))
        self.event("message_start", message=opening)
        self.event("ping")
        size = max(1, int(step.get("chunk", 4096)))
        for index, block in enumerate(blocks):
            kind = block["type"]
            empty = {"text": {"text": ""}, "thinking": {"thinking": "", "signature": ""},
                     "tool_use": {"input": {}}}[kind]
            self.event("content_block_start", index=index, content_block=dict(block, **empty))
            payload = block.get(kind) if kind != "tool_use" else json.dumps(block["input"])
            pieces = [payload[i:i + size] for i in range(0, len(payload), size)]
            broken = (cut == "mid" or step.get("stream_error")) and kind == "text"
            if broken and len(pieces) < 2:
                half = max(1, len(payload) // 2)
                pieces = [payload[:half], payload[half:]]
            for number, piece in enumerate(pieces):
                if broken and number >= len(pieces) / 2:
                    break
                delta = {"text": {"type": "text_delta", "text": piece},
                         "thinking": {"type": "thinking_delta", "thinking": piece},
                         "tool_use": {"type": "input_json_delta", "partial_json": piece}}[kind]
                self.event("content_block_delta", index=index, delta=delta)
                if step.get("hang") and number == 0:
                    time.sleep(float(step["hang"]))
                if step.get("chunk_delay"):
                    time.sleep(float(step["chunk_delay"]))
            if broken and cut == "mid":
                return self.drop()
            if broken:
                self.event("error", error=step["stream_error"])
                break
            if kind == "thinking":
                self.event("content_block_delta", index=index,
                           delta={"type": "signature_delta", "signature": block["signature"]})
            self.event("content_block_stop", index=index)
        else:
            self.event("message_delta", delta={"stop_reason": final, "stop_sequence": None},
                       usage=message["usage"])
            self.event("message_stop")
        self.wfile.write(b"0\r\n\r\n")
        self.wfile.flush()


class Server(ThreadingHTTPServer):
    daemon_threads = True
    request_queue_size = 128

    def handle_error(self, request, client_address):
        """Clients that break off are part of the game; anything else is shown."""
        if not isinstance(sys.exc_info()[1], (ConnectionError, socket.timeout)):
            super().handle_error(request, client_address)


def serve(port=0, scenario="text", log_path=None, scenarios=None, handler=Handler):
    """A server ready to run; use serve_forever() on it, or start() below."""
    mock = Mock("text", log_path)
    if scenarios:
        mock.scenarios.update(scenarios)
    mock.default = mock.find(scenario)
    if mock.default is None:
        raise SystemExit("unknown scenario %r; known: %s" % (scenario, ", ".join(sorted(mock.scenarios))))
    return Server(("127.0.0.1", port), type("BoundHandler", (handler,), {"mock": mock}))


def start(**options):
    """For tests in Python: (server, base URL), served from a daemon thread."""
    server = serve(**options)
    threading.Thread(target=server.serve_forever, daemon=True).start()
    return server, "http://127.0.0.1:%d" % server.server_address[1]


def main(argv=None, handler=Handler):
    parser = argparse.ArgumentParser(description="Loopback mock of the Anthropic Messages API.")
    parser.add_argument("--port", type=int, default=0, help="0 picks a free one (default)")
    parser.add_argument("--scenario", default="text", help="default scenario (default: text)")
    parser.add_argument("--scenarios", metavar="FILE", help="JSON file with further scenarios")
    parser.add_argument("--log", metavar="FILE", help="append every request as a JSON line")
    parser.add_argument("--port-file", metavar="FILE", help="write the port number here when ready")
    parser.add_argument("--max-seconds", type=float, default=0, help="end by itself after that long")
    parser.add_argument("--list", action="store_true", help="print the built-in scenarios and exit")
    options = parser.parse_args(argv)
    if options.list:
        print(json.dumps(SCENARIOS, indent=1))
        return 0
    extra = None
    if options.scenarios:
        with open(options.scenarios, encoding="utf-8") as source:
            extra = json.load(source)
    server = serve(options.port, options.scenario, options.log, extra, handler)
    port = server.server_address[1]
    if options.port_file:
        with open(options.port_file + ".tmp", "w", encoding="utf-8") as target:
            target.write("%d\n" % port)
        os.replace(options.port_file + ".tmp", options.port_file)
    print(json.dumps({"ready": True, "port": port, "url": "http://127.0.0.1:%d" % port}), flush=True)
    if options.max_seconds:
        timer = threading.Timer(options.max_seconds, server.shutdown)
        timer.daemon = True
        timer.start()
    try:
        server.serve_forever()
    except KeyboardInterrupt:
        pass
    return 0


if __name__ == "__main__":
    sys.exit(main())
