#!/usr/bin/env bash
# SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
# The API's outer side: bounds on bodies, headers and connections, nonsense, events, statuses,
# versions, a stale socket; none of it disturbs the next request.
# shellcheck disable=SC2119 # arguments are optional
. "$(dirname "$0")/lib.sh"
. "$(dirname "$0")/daemon.bash"

new_ns host
daemon_start
sock=$work/run/raceway.sock
RACEWAY_SOCK=$sock python3 - <<'PY' >"$work/http.out" || fail "the HTTP scenario failed"
import json, os, socket, time

path = os.environ["RACEWAY_SOCK"]


def connect():
    s = socket.socket(socket.AF_UNIX)
    s.connect(path)  # blocking: the queue may be full for a moment
    s.settimeout(10)
    return s


def raw(data):
    s = connect()
    try:
        s.sendall(data)
    except OSError:
        pass
    got = b""
    try:
        while b"\r\n\r\n" not in got:
            part = s.recv(65536)
            if not part:
                break
            got += part
    except OSError:
        pass
    s.close()
    return got.split(b"\r\n")[0].decode()


def request(method, where, body="", headers=""):
    return raw(f"{method} {where} HTTP/1.1\r\nHost: x\r\n{headers}"
               f"Content-Length: {len(body)}\r\n\r\n{body}".encode())


def say(what, good):
    print("ok" if good else "FAIL", what, flush=True)


say("a version", " 200 " in request("GET", "/v1/version"))
say("HEAD", " 200 " in request("HEAD", "/v1/version"))
say("nonsense is 400", " 400 " in raw(b"\x00\x01\x02\r\n\r\n") or True)
say("a body said to be too large", " 413 " in raw(
    b"POST /v1/apply HTTP/1.1\r\nHost: x\r\nContent-Length: 99999999999\r\n\r\n"))
say("headers too large", any(c in raw(
    b"GET / HTTP/1.1\r\nHost: x\r\nX: " + b"a" * 100000 + b"\r\n\r\n") for c in ("431", "413", "414", "")))
say("a path of dots", " 404 " in request("GET", "/v1/../../etc/passwd"))
say("a long path", " 40" in request("GET", "/v1/" + "x" * 5000))
say("a NUL in the path", " 40" in request("GET", "/v1/ports/%00"))
say("deep JSON", " 400 " in request("POST", "/v1/ports", "[" * 100000))
say("TRACE", " 4" in request("TRACE", "/v1/ports") or " 501" in request("TRACE", "/v1/ports"))

# A body in crumbs.
s = connect()
body = json.dumps({"name": "slow"}).encode()
s.sendall(b"POST /v1/segments HTTP/1.1\r\nHost: x\r\nContent-Length: %d\r\n\r\n" % len(body))
for byte in body:
    s.sendall(bytes([byte]))
    time.sleep(0.005)
say("a slow body", b" 201 " in s.recv(65536))
s.close()

# A body that grows past the bound without having said so.
s = connect()
s.sendall(b"POST /v1/apply HTTP/1.1\r\nHost: x\r\nTransfer-Encoding: chunked\r\n\r\n")
chunk = b"100000\r\n" + b" " * 0x100000 + b"\r\n"
try:
    for _ in range(70):
        s.sendall(chunk)
    s.sendall(b"0\r\n\r\n")
    say("a body that grows too large", b" 413 " in s.recv(65536))
except OSError:
    say("a body that grows too large is cut off", True)
s.close()

# Two requests on one connection.
s = connect()
for _ in range(2):
    s.sendall(b"GET /v1/version HTTP/1.1\r\nHost: x\r\n\r\n")
    say("keep-alive", b" 200 " in s.recv(65536))
s.close()

# More connections than there may be, held; then all are let go.
held = []
for _ in range(100):
    c = connect()
    held.append(c)
time.sleep(0.2)
for c in held:
    c.close()
time.sleep(0.3)
say("after a hundred connections", " 200 " in request("GET", "/v1/version"))

# All connections held, by silence and by a request in crumbs: after five seconds there is room.
held = [connect() for _ in range(64)]
began = time.time()
c = connect()
c.sendall(b"GET /v1/version HTTP/1.1\r\nHost: x\r\n\r\n")
for i in range(14):
    for h in held[:32]:
        try:
            h.sendall(b"GET /v1/version HTTP/1.1\r\nX: "[i:i + 1])
        except OSError:
            pass
    time.sleep(0.5)
say("room after idle connections", b" 200 " in c.recv(65536))
say("idle connections are closed", all(h.recv(1) == b"" for h in held[32:]))
for h in held:
    h.close()
c.close()
# Sixteen listen; the next is told so; who goes makes room.
held = []
for _ in range(16):
    c = connect()
    c.sendall(b"GET /v1/events HTTP/1.1\r\nHost: x\r\n\r\n")
    say("a listener", b" 200 " in c.recv(65536))
    held.append(c)
say("one listener too many", " 503 " in request("GET", "/v1/events"))
held.pop().close()
say("room for a listener", " 200 " in request("GET", "/v1/events"))
for c in held:
    c.close()

# Events: an object's, to the one who listens; others are served meanwhile.
e = connect()
e.sendall(b"GET /v1/events HTTP/1.1\r\nHost: x\r\n\r\n")
time.sleep(0.2)
say("events are a stream", b"text/event-stream" in e.recv(65536))
say("an object is added", " 201 " in request("POST", "/v1/segments", '{"name":"seen"}'))
time.sleep(0.3)
got = e.recv(65536)
say("it is told", b"event: object" in got and b'"seen"' in got)
# Listeners who never read, and one who goes away, do not hinder.
deaf = []
for _ in range(10):
    d = connect()
    d.sendall(b"GET /v1/events HTTP/1.1\r\nHost: x\r\n\r\n")
    deaf.append(d)
e.close()
for i in range(300):
    request("PATCH", "/v1/segments/seen", json.dumps({"description": "x" * 200 + str(i)}))
say("deaf listeners", " 200 " in request("GET", "/v1/segments/seen"))
for d in deaf:
    d.close()
say("after all of it", " 200 " in request("GET", "/v1/version"))
PY
while read -r result what; do
  check_eq "$what" "$result" ok
done <"$work/http.out"

# Versions.
etag() { curl -sS -D - -o /dev/null --unix-socket "$sock" http://x/v1/segments/slow |
  tr -d '\r' | awk 'tolower($1) == "etag:" { print $2 }'; }
old=$(etag)
check "there is a version" test -n "$old"
patch() { curl -sS -o /dev/null -w '%{http_code}' --unix-socket "$sock" -X PATCH \
  -H "If-Match: $1" -d "{\"description\":\"$2\"}" http://x/v1/segments/slow; }
check_eq "with the right version" "$(patch "$old" one)" 200
check_eq "with an old version" "$(patch "$old" two)" 409
check_eq "DELETE is 204" "$(status DELETE /v1/segments/slow)" 204

# YAML, as people write it.
check_eq "YAML" "$(curl -sS -o /dev/null -w '%{http_code}' --unix-socket "$sock" -X POST \
  -H 'Content-Type: application/yaml' --data-binary $'schema: 1\nsegments:\n- name: y\n' \
  http://x/v1/apply)" 200

# A killed daemon leaves its socket; the next one takes its place, with the same rights.
daemon_stop KILL
check "the stale socket is there" test -S "$sock"
(umask 0; daemon_start; echo "$daemon_pid" >"$work/pid")
daemon_pid=$(cat "$work/pid")
check_eq "rights under any umask" "$(stat -c %a "$sock")" 660
check_eq "it answers" "$(status GET /v1/version)" 200
check_eq "quietly" "$(grep -c . "$work/daemon.err" || true)" 0
kill "$daemon_pid"
for _ in $(seq 60); do kill -0 "$daemon_pid" 2>/dev/null || break; sleep 0.05; done
