#!/usr/bin/env python3
# SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
"""A peer at the director's port that does one thing wrong, and prints why it was refused (status 1).

  node_peer.py ADDRESS HOW [PEM [NAME]]    PEM: a server's key and certificate, - without one
  node_peer.py ADDRESS play PEM PORT       answers as if it were a director
"""
import json
import socket
import ssl
import struct
import sys
import tempfile
import time

PORT = 7471


def context(pem, side=ssl.PROTOCOL_TLS_CLIENT):
    c = ssl.SSLContext(side)
    c.check_hostname = False
    c.verify_mode = ssl.CERT_NONE
    if pem and pem != "-":
        # only what OpenSSL reads: the key and the first certificate
        with open(pem) as f, tempfile.NamedTemporaryFile("w") as own:
            own.write(f.read())
            own.flush()
            c.load_cert_chain(own.name)
    return c


def send(s, message):
    text = json.dumps(message).encode()
    s.sendall(struct.pack("!I", len(text)) + text)


def receive(s):
    def whole(size):
        data = b""
        while len(data) < size:
            part = s.recv(size - len(data))
            if not part:
                raise EOFError
            data += part
        return data

    return json.loads(whole(struct.unpack("!I", whole(4))[0]))


def dial(address, pem, small=False):
    raw = socket.socket()
    if small:
        raw.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 2048)
    raw.connect((address, PORT))
    return context(pem).wrap_socket(raw)


def secret_of(token):
    import base64
    text = open(token).read().strip()
    return base64.urlsafe_b64decode(text + "=" * (-len(text) % 4))[5:37].hex()


def hello(name, low=1, high=1):
    return {"type": "hello", "node": name, "version": "x", "protocol": {"min": low, "max": high}}


def answer(s):
    try:
        message = receive(s)
    except EOFError:
        print("closed without a word")
        return 2
    print(message.get("reason", message["type"]))
    return message["type"] == "refused"


def play(address, pem, port):
    c = context(pem, ssl.PROTOCOL_TLS_SERVER)
    listener = socket.create_server((address, int(port)))
    while True:
        try:
            with c.wrap_socket(listener.accept()[0], server_side=True) as s:
                s.recv(1)
        except OSError:
            pass


def main(address, how, pem=None, name=None):
    if how == "play":
        play(address, pem, name)
    if how == "nothing":
        socket.create_connection((address, PORT)).recv(1)
        return 0
    if how == "nonsense":
        s = socket.create_connection((address, PORT))
        s.sendall(b"GET / HTTP/1.1\r\n\r\n" * 1000)
        s.recv(1)
        return 0
    if how == "steal":
        s = dial(address, None)
        send(s, {"type": "enroll", "server": name, "secret": secret_of(pem), "request": ""})
        return answer(s)
    s = dial(address, pem, small=how == "deaf")
    if how == "huge":
        s.sendall(b"\xff\xff\xff\xff" + b"x" * 100000)
        s.recv(1)
    elif how == "half":
        s.sendall(b"\x00\x00\x00\x40{")
        s.recv(1)
    elif how == "deaf":
        send(s, hello(name))
        time.sleep(60)
    elif how == "early":
        send(s, {"type": "report", "generation": 1, "devices": []})
    elif how == "newer":
        send(s, hello(name, 7, 9))
    elif how == "older":
        send(s, hello(name, 0, 0))
    else:
        send(s, hello(name))
    return answer(s)


sys.exit(main(*sys.argv[1:]))
