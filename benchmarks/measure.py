"""Measures for cli.sh: commands interleaved, so that what else the machine does falls on all of them alike."""

import json
import os
import pathlib
import shutil
import statistics
import subprocess
import sys
import tempfile
import time

SERVICE = pathlib.Path(__file__).resolve().parents[1] / "tests/integration/service.py"


def run(command, **options):
    """Milliseconds that a command takes; its output is thrown away."""
    begun = time.perf_counter()
    subprocess.run(command, stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL, check=True, **options)
    return (time.perf_counter() - begun) * 1000


def medians(commands, runs, **options):
    """The median of each command over interleaved runs, after one that warms up."""
    times = {name: [] for name in commands}
    for number in range(runs + 1):
        for name, command in commands.items():
            took = run(command, **options)
            if number:
                times[name].append(took)
    return {name: statistics.median(values) for name, values in times.items()}


def start_up(mdl, tools, runs):
    commands = {"true": ["/bin/true"], "mdl --version": [mdl, "--version"]}
    for name, words in (("kubectl", ["version", "--client"]), ("helm", ["version"])):
        program = tools / name / name
        if program.exists():
            commands[" ".join([name, *words])] = [str(program), *words]
    result = medians(commands, runs)
    print(f"\nStart-up, median of {runs} interleaved runs")
    for name, took in result.items():
        ratio = "" if name in ("true", "mdl --version") else f"   {took / result['mdl --version']:5.1f} times mdl (goal: 4)"
        print(f"  {name:24} {took:8.1f} ms{ratio}")


def write_service(folder, version):
    shutil.copy(SERVICE, folder / "server.py")
    manifest = {"mdl": 1, "name": "bench", "http": {"command": ["python3", "server.py"]}, "env": {"VERSION": version},
                "targets": {"local": {}}}
    (folder / "mdl.yaml").write_text(json.dumps(manifest))


def deploying(mdl, runs):
    root = pathlib.Path(tempfile.mkdtemp(prefix="mdl-bench-"))
    service = root / "service"
    service.mkdir()
    options = {"cwd": service, "env": os.environ | {"MDL_HOME": str(root / "home")}}
    try:
        write_service(service, "1")
        first = run([mdl, "deploy"], **options)
        unchanged = medians({"deploy": [mdl, "deploy"]}, runs, **options)["deploy"]
        memory = supervisor_memory(root)
        write_service(service, "2")
        second = run([mdl, "deploy"], **options)
        back = run([mdl, "rollback"], **options)
    finally:
        subprocess.run([mdl, "destroy", "-y"], stdin=subprocess.DEVNULL, capture_output=True, **options)
        shutil.rmtree(root)
    print("\nOne service (a Python program of the standard library) on local")
    print(f"  first deploy             {first:8.1f} ms   (starts the supervisor and the service)")
    print(f"  deploy without a change  {unchanged:8.1f} ms   (goal: 60)")
    print(f"  deploy of a change       {second:8.1f} ms   (starts the new release, checks it, moves the traffic)")
    print(f"  rollback                 {back:8.1f} ms")
    print(f"  supervisor's memory      {memory / 1024:8.1f} MB   (goal: 30)")


def supervisor_memory(root):
    """KiB that the supervisor of this home and its keeper hold, pages that they share counted once."""
    total = 0
    for entry in pathlib.Path("/proc").iterdir():
        try:
            if entry.name.isdigit() and str(root).encode() in (entry / "environ").read_bytes() \
                    and b"supervise" in (entry / "cmdline").read_bytes():
                lines = (entry / "smaps_rollup").read_text().splitlines()
                total += int(next(line for line in lines if line.startswith("Pss:")).split()[1])
        except OSError:
            continue
    return total


def main():
    mdl, tools, runs = sys.argv[1], pathlib.Path(sys.argv[2]), int(sys.argv[3])
    start_up(mdl, tools, runs)
    deploying(mdl, runs)


if __name__ == "__main__":
    main()
