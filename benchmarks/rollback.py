"""How long a rollback between warm releases takes, from the start of the command to the first answer of the old release, and to the end of
the command; beside kamal-proxy's `deploy` between two running targets where it is there (KAMAL_PROXY or PATH). One run, alternating.

    benchmarks/rollback.py [ROUNDS]

MDL_BINARY names the program (default: build/release/mdl).
"""

import json
import os
import shutil
import statistics
import subprocess
import sys
import time

from service import MDL, Bench, answer, free_port


def until_version(port, wanted):
    while json.loads(answer(port))["version"] != wanted:
        pass
    return time.perf_counter()


def switch(port, wanted, start):
    """Seconds until the first answer of the wanted version, and until the command has ended."""
    begun = time.perf_counter()
    command = start()
    first = until_version(port, wanted)
    error = command.communicate()[1]
    if command.returncode != 0:
        raise SystemExit(f"the command failed:\n{error}")
    return first - begun, time.perf_counter() - begun


class Kamal:
    """kamal-proxy before two servers of its own, without history."""

    def __init__(self, bench, program):
        self.program, self.folder = program, bench.root / "kamal"
        self.folder.mkdir()
        self.environment = os.environ | {"HOME": str(self.folder), "KAMAL_PROXY_SOCKET": str(self.folder / "socket")}
        self.port = free_port()
        self.servers = {}
        for version in ("1", "2"):
            port = free_port()
            self.servers[version] = port, subprocess.Popen(["python3", "server.py"], cwd=bench.folder, stderr=subprocess.DEVNULL,
                                                           env=os.environ | {"PORT": str(port), "VERSION": version})
        self.proxy = subprocess.Popen([program, "run", "--http-port", str(self.port), "--https-port", str(free_port())],
                                      env=self.environment, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
        while not (self.folder / "socket").exists():
            time.sleep(0.05)

    def start(self, version):
        return subprocess.Popen([self.program, "deploy", "bench", "--target", f"127.0.0.1:{self.servers[version][0]}",
                                 "--health-check-path", "/healthz"], env=self.environment, stdin=subprocess.DEVNULL,
                                stdout=subprocess.DEVNULL, stderr=subprocess.PIPE, text=True)

    def close(self):
        for process in (self.proxy, *(server for _, server in self.servers.values())):
            process.terminate()
            process.wait()


def main():
    rounds = int(sys.argv[1]) if len(sys.argv) > 1 else 15
    program = os.environ.get("KAMAL_PROXY") or shutil.which("kamal-proxy")
    bench, kamal = Bench(), None
    times = {}
    try:
        bench.deploy("1")
        bench.deploy("2")
        port = bench.port()
        if program:
            kamal = Kamal(bench, program)
            for version in ("1", "2"):
                kamal.start(version).communicate()
        for number in range(rounds + 1):
            wanted = "1" if number % 2 == 0 else "2"
            took = {"mdl rollback": switch(port, wanted, lambda: bench.start("rollback"))}
            if kamal:
                took["kamal-proxy deploy"] = switch(kamal.port, wanted, lambda: kamal.start(wanted))
            if number:  # the first warms up
                for name, one in took.items():
                    times.setdefault(name, []).append(one)
    finally:
        if kamal:
            kamal.close()
        bench.close()
    print(f"Between warm releases, median of {rounds} rounds ({MDL})")
    for name, all_of in times.items():
        first, end = (statistics.median(one) * 1000 for one in zip(*all_of))
        print(f"  {name:20} first answer of the other release {first:6.1f} ms, end of the command {end:6.1f} ms"
              + ("   (goal: 30 for the first answer)" if name.startswith("mdl") else ""))
    if not program:
        print("  kamal-proxy is not here: left out")


if __name__ == "__main__":
    main()
