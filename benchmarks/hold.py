"""What holding a request from zero adds to the service's own start: from the request to its answer through the gateway while
nothing runs, less the time from the start of the same server without mdl to its first answer. One run, alternating rounds.

    benchmarks/hold.py [ROUNDS]

MDL_BINARY names the program (default: build/release/mdl).
"""

import os
import statistics
import subprocess
import sys
import time

from service import Bench, answer, free_port


def alone(bench):
    """Seconds from the server's start to its first answer; it is asked again half a millisecond after each refusal."""
    port = free_port()
    variables = {"PATH": os.environ["PATH"], "HOME": os.environ.get("HOME", "/"), "PORT": str(port), "PYTHONUNBUFFERED": "1"}
    begun = time.perf_counter()
    server = subprocess.Popen(["python3", "server.py"], cwd=bench.folder, env=variables, stderr=subprocess.DEVNULL)
    try:
        while True:
            try:
                answer(port, "/healthz")
                return time.perf_counter() - begun
            except ConnectionRefusedError:
                time.sleep(0.0005)
    finally:
        server.terminate()
        server.wait()


def held(bench, port):
    bench.rest()
    begun = time.perf_counter()
    answer(port)
    return time.perf_counter() - begun


def main():
    rounds = int(sys.argv[1]) if len(sys.argv) > 1 else 15
    bench = Bench(scale={"min": 0, "max": 1, "idle": "1s"})
    try:
        bench.deploy("1")
        port = bench.port()
        pairs = []
        for number in range(rounds + 1):
            if number % 2:
                own, through = alone(bench), held(bench, port)
            else:
                through, own = held(bench, port), alone(bench)
            if number:  # the first warms up
                pairs.append((own, through))
    finally:
        bench.close()
    own, through = (statistics.median(one) * 1000 for one in zip(*pairs))
    added = statistics.median(through - own for own, through in pairs) * 1000
    print(f"From zero, median of {rounds} alternating rounds")
    print(f"  the service alone, start to its first answer {own:8.1f} ms")
    print(f"  a request that is held from zero             {through:8.1f} ms")
    print(f"  holding adds {added:+.1f} ms (goal: 5)")


if __name__ == "__main__":
    main()
