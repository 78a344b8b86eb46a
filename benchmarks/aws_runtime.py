#!/usr/bin/env python3
"""What the runtime client costs: time from exec to the first /invocation/next with a service that is ready at once, and time
added to a request, beside the same request sent to the service directly, in one run, alternating.

    benchmarks/aws_runtime.py build/release/runtime/amd64 [rounds]
"""

import json
import os
import socket
import statistics
import subprocess
import sys
import tempfile
import threading
import time

BODY = b'{"approved":true,"score":0.731}'
ANSWER = b"HTTP/1.1 200 OK\r\nContent-Type: application/json\r\nContent-Length: %d\r\n\r\n" % len(BODY) + BODY
EVENT = json.dumps({"version": "2.0", "rawPath": "/score", "rawQueryString": "a=1", "cookies": ["a=1"],
                    "headers": {"host": "f.example", "user-agent": "bench", "content-type": "application/json", "accept": "*/*"},
                    "requestContext": {"stage": "$default", "requestId": "r", "http": {"method": "POST", "path": "/score"}},
                    "body": json.dumps({"income": 1000, "age": 40}), "isBase64Encoded": False}).encode()


def read_request(connection):
    """Head and body of a request with a Content-Length; b"" at the end."""
    data = b""
    while b"\r\n\r\n" not in data:
        got = connection.recv(65536)
        if not got:
            return b""
        data += got
    head, body = data.split(b"\r\n\r\n", 1)
    length = next((int(line.split(b":")[1]) for line in head.lower().split(b"\r\n") if line.startswith(b"content-length")), 0)
    while len(body) < length:
        body += connection.recv(65536)
    return data


def serve(listener):
    while True:
        connection, _ = listener.accept()
        connection.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        threading.Thread(target=answer_all, args=(connection,), daemon=True).start()


def answer_all(connection):
    while read_request(connection):
        connection.sendall(ANSWER)


def start(program, api, folder, service_port):
    with open(os.path.join(folder, "runtime.json"), "w") as file:
        json.dump({"command": ["sleep", "600"], "port": service_port, "health": "/healthz", "drain": False}, file)
    variables = dict(os.environ, AWS_LAMBDA_RUNTIME_API="127.0.0.1:%d" % api.getsockname()[1], MDL_RUNTIME_SETTINGS=os.path.join(folder, "runtime.json"))
    begun = time.perf_counter()
    process = subprocess.Popen([program], env=variables, cwd=folder)
    connection, _ = api.accept()
    read_request(connection)
    return process, connection, time.perf_counter() - begun


def main():
    program, rounds = os.path.abspath(sys.argv[1]), int(sys.argv[2]) if len(sys.argv) > 2 else 2000
    # The service is a process of its own, so that it does not share the interpreter with what measures.
    listener = socket.create_server(("127.0.0.1", 0))
    port = listener.getsockname()[1]
    service = os.fork()
    if service == 0:
        serve(listener)
    listener.close()
    api = socket.create_server(("127.0.0.1", 0))
    with tempfile.TemporaryDirectory() as folder:
        starts = []
        for _ in range(20):
            process, connection, seconds = start(program, api, folder, port)
            starts.append(seconds * 1000)
            process.kill()
            process.wait()
            connection.close()
        base = []
        for _ in range(20):
            begun = time.perf_counter()
            subprocess.Popen(["/bin/true"]).wait()
            base.append((time.perf_counter() - begun) * 1000)
        process, waiting, _ = start(program, api, folder, port)
        direct_connection = socket.create_connection(("127.0.0.1", port))
        direct_connection.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        waiting.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        event = (b"HTTP/1.1 200 OK\r\nLambda-Runtime-Aws-Request-Id: r1\r\nLambda-Runtime-Deadline-Ms: %d\r\nContent-Length: %d\r\n\r\n"
                 % (int(time.time() * 1000) + 600_000, len(EVENT)) + EVENT)
        request = b"POST /score?a=1 HTTP/1.1\r\nHost: f\r\nContent-Type: application/json\r\nContent-Length: 26\r\n\r\n" + b"x" * 26
        direct, through, posting = [], [], None
        for _ in range(rounds):
            begun = time.perf_counter()
            direct_connection.sendall(request)
            direct_connection.recv(65536)
            direct.append((time.perf_counter() - begun) * 1000)
            begun = time.perf_counter()
            waiting.sendall(event)
            if posting is None:
                posting, _ = api.accept()
                posting.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
            post = read_request(posting)
            through.append((time.perf_counter() - begun) * 1000)
            assert b"0.731" in post, post
            posting.sendall(b"HTTP/1.1 202 Accepted\r\nContent-Length: 0\r\n\r\n")
            read_request(waiting)
        process.kill()
        process.wait()
    os.kill(service, 9)
    added = [b - a for a, b in zip(direct, through)]
    quantile = lambda values, share: sorted(values)[int(share * (len(values) - 1))]
    print(f"exec to /invocation/next: fastest {min(starts):.2f} ms, median {statistics.median(starts):.2f} ms  (a program that does nothing, to its end: median {statistics.median(base):.2f} ms)")
    print(f"request to the service directly: median {statistics.median(direct):.3f} ms, p99 {quantile(direct, .99):.3f} ms")
    print(f"through the runtime client:      median {statistics.median(through):.3f} ms, p99 {quantile(through, .99):.3f} ms")
    print(f"added: median {statistics.median(added):.3f} ms, p99 {quantile(added, .99):.3f} ms")
    print(f"size: {os.path.getsize(program)} bytes")


if __name__ == "__main__":
    main()
