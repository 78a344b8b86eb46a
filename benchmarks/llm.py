"""A language model (examples/llm) from zero and through the gateway, beside the same server without mdl: ratios from one run.

    benchmarks/llm.py [ROUNDS]

MDL_BINARY names the program (default: build/release/mdl). Rounds alternate, so that what else the machine does falls on both.
"""

import http.client
import json
import os
import pathlib
import shutil
import socket
import statistics
import subprocess
import sys
import tempfile
import threading
import time

PROJECT = pathlib.Path(__file__).resolve().parents[1]
MDL = os.environ.get("MDL_BINARY", str(PROJECT / "build/release/mdl"))
SLOTS, TOKENS = 4, 96


class Stream:
    """One streamed answer: when its first token came, when its last, and how many there were."""

    def __init__(self, port, tokens, prompt="Once upon a time", wait=False):
        body = json.dumps({"prompt": prompt, "max_tokens": tokens, "temperature": 0, "stream": True})
        connection = http.client.HTTPConnection("127.0.0.1", port, timeout=120)
        while True:
            try:
                connection.connect()
                break
            except ConnectionRefusedError:
                if not wait:
                    raise
                time.sleep(0.002)
        self.begun = time.perf_counter()
        connection.request("POST", "/v1/completions", body, {"Content-Type": "application/json"})
        answer = connection.getresponse()
        if answer.status != 200:
            raise SystemExit(f"port {port} answered {answer.status}: {answer.read()[:300]!r}")
        self.count = 0
        for line in answer:
            if line.startswith(b"data: {"):
                self.count += 1
                self.last = time.perf_counter()
                if self.count == 1:
                    self.first = self.last
        connection.close()


class Mdl:
    """examples/llm, deployed in a home of its own."""

    def __init__(self, root):
        self.folder, self.environment = root / "llm", os.environ | {"MDL_HOME": str(root / "home")}
        shutil.copytree(PROJECT / "examples/llm", self.folder, ignore=shutil.ignore_patterns("weights", "__pycache__"))

    def run(self, *words):
        done = subprocess.run([MDL, *words], cwd=self.folder, env=self.environment, capture_output=True, text=True)
        if done.returncode != 0:
            raise SystemExit(f"mdl {' '.join(words)}:\n{done.stdout}{done.stderr}")
        return done.stdout

    def state(self):
        """The supervisor's state of the service: ports and the artifact."""
        connection = http.client.HTTPConnection("localhost")
        connection.sock = socket.socket(socket.AF_UNIX)
        connection.sock.connect(self.environment["MDL_HOME"] + "/run/supervisor.sock")
        connection.request("GET", "/v1/services/llm/local")
        return json.loads(connection.getresponse().read())

    def rest(self):
        while self.state()["replicas"][-1]["status"]["replicas"]:
            time.sleep(0.05)


def bare(mdl):
    """Starts the server as the supervisor does, and returns the seconds until its first token."""
    artifact = pathlib.Path(mdl.environment["MDL_HOME"]) / "artifacts" / mdl.state()["replicas"][-1]["spec"]["artifact"]
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    variables = {"PATH": os.environ["PATH"], "HOME": os.environ.get("HOME", "/"), "PORT": str(port), "PYTHONUNBUFFERED": "1",
                 "MDL_CONCURRENCY": str(SLOTS), "OMP_NUM_THREADS": "1", "CONTEXT": "1024"}
    begun = time.perf_counter()
    server = subprocess.Popen([artifact / "environment/bin/python", artifact / "front/mdl_front.py", "entry", "app:app", "asgi"],
                              cwd=artifact / "app", env=variables, stderr=subprocess.DEVNULL)
    try:
        return Stream(port, 1, wait=True).first - begun
    finally:
        server.terminate()
        server.wait()


def from_zero(mdl, port):
    mdl.rest()
    begun = time.perf_counter()
    return Stream(port, 1).first - begun


def four_streams(port):
    """Tokens a second of all of them together, and the median time to a first token."""
    streams, threads = [], []
    for number in range(SLOTS):
        prompt = f"The story of number {number} began"
        threads.append(threading.Thread(target=lambda text=prompt: streams.append(Stream(port, TOKENS, text))))
    begun = time.perf_counter()
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    seconds = max(stream.last for stream in streams) - begun
    return sum(stream.count for stream in streams) / seconds, statistics.median(s.first - s.begun for s in streams)


def one_first_token(port):
    stream = Stream(port, 1)
    return stream.first - stream.begun


def measure_start(mdl, rounds):
    mdl.run("deploy", "--set", "scale.idle=1s", "--set", f"scale.concurrency={SLOTS}")
    port = mdl.state()["gateway"]["status"]["port"]
    alone, woken = [], []
    for _ in range(rounds):
        mdl.rest()
        alone.append(bare(mdl))
        woken.append(from_zero(mdl, port))
    ours, theirs = statistics.median(woken), statistics.median(alone)
    print(f"From zero to the first token, median of {rounds} rounds")
    print(f"  the server alone         {theirs * 1000:8.0f} ms")
    print(f"  mdl, scaled to zero      {ours * 1000:8.0f} ms   {(ours - theirs) * 1000:+.0f} ms (goal: +100)")


def measure_streams(mdl, rounds):
    mdl.run("deploy", "--set", "scale.min=1", "--set", "scale.max=1", "--set", f"scale.concurrency={SLOTS}")
    state = mdl.state()
    ports = {"direct": state["replicas"][-1]["status"]["replicas"][0]["port"], "mdl": state["gateway"]["status"]["port"]}
    rates, firsts = {name: [] for name in ports}, {name: [] for name in ports}
    for round in range(rounds + 1):
        for name, port in ports.items() if round % 2 else reversed(list(ports.items())):
            rate, _ = four_streams(port)
            first = statistics.median(one_first_token(port) for _ in range(5))
            if round:  # the first warms up
                rates[name].append(rate)
                firsts[name].append(first)
    ratio = statistics.median(ours / theirs for ours, theirs in zip(rates["mdl"], rates["direct"]))
    added = statistics.median(ours - theirs for ours, theirs in zip(firsts["mdl"], firsts["direct"]))
    print(f"\n{SLOTS} streams of {TOKENS} tokens, median of {rounds} alternating rounds")
    for name in ports:
        print(f"  {name:8} {statistics.median(rates[name]):8.1f} tokens/s   first token after {statistics.median(firsts[name]) * 1000:6.1f} ms")
    print(f"  mdl / direct: {ratio:.3f} × tokens/s (goal: 0.98), first token {added * 1000:+.1f} ms (goal: +5)")


def main():
    rounds = int(sys.argv[1]) if len(sys.argv) > 1 else 5
    root = pathlib.Path(tempfile.mkdtemp(prefix="mdl-bench-"))
    mdl = Mdl(root)
    try:
        measure_start(mdl, rounds)
        measure_streams(mdl, rounds)
    finally:
        subprocess.run([MDL, "destroy", "-y"], cwd=mdl.folder, env=mdl.environment, capture_output=True)
        shutil.rmtree(root, ignore_errors=True)


if __name__ == "__main__":
    main()
