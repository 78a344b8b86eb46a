"""The memory that preflight says of examples/llm, against the peak that its replica has: ratios from one run.

    benchmarks/memory.py [--mdl build/release/mdl]

For each context and number of slots: `mdl validate` says, then the example is deployed, each slot gets a prompt that fills its context, and the
kernel says the peak (VmHWM, with the mapped weights).
"""

import argparse
import http.client
import json
import os
import pathlib
import re
import shutil
import subprocess
import tempfile
import threading
from urllib.parse import urlsplit

PROJECT = pathlib.Path(__file__).resolve().parents[1]
CASES = [(1024, 4), (4096, 2), (8192, 2)]  # tokens of a request, requests at once


def mdl(given, folder, env, *words):
    done = subprocess.run([given.mdl, *words], cwd=folder, env=env, stdin=subprocess.DEVNULL, capture_output=True, text=True)
    if done.returncode != 0:
        raise SystemExit(f"mdl {' '.join(words)} exited {done.returncode}\n{done.stdout}{done.stderr}")
    return done.stdout


def fill(url, context, number):
    """A prompt of about the context's length: this tokenizer makes four to five tokens of each of these words."""
    prompt = f"{number} " + " ".join(f"word{i}" for i in range(int(context / 5.2)))
    parts = urlsplit(url)
    connection = http.client.HTTPConnection(parts.hostname, parts.port, timeout=600)
    connection.request("POST", "/v1/completions", json.dumps({"prompt": prompt, "max_tokens": 8, "temperature": 0}),
                       {"Content-Type": "application/json"})
    answer = connection.getresponse()
    usage = json.loads(answer.read()).get("usage", {})
    if answer.status != 200:
        raise SystemExit(f"the service answered {answer.status}")
    return usage.get("total_tokens", 0)


def peak(home):
    """VmHWM of the replica of this home, in bytes."""
    most = 0
    for entry in pathlib.Path("/proc").iterdir():
        try:
            if entry.name.isdigit() and b"mdl_front" in (entry / "cmdline").read_bytes() and str(home).encode() in (entry / "cmdline").read_bytes():
                most = max(most, int(re.search(r"VmHWM:\s+(\d+)", (entry / "status").read_text())[1]) * 1024)
        except (OSError, TypeError):
            continue
    return most


def measure(given, root, context, slots):
    folder, home = root / f"llm-{context}-{slots}", root / f"home-{context}-{slots}"
    shutil.copytree(PROJECT / "examples/llm", folder)
    env = os.environ | {"MDL_HOME": str(home)}
    subprocess.run(["python3", "fetch.py"], cwd=folder, check=True, stdout=subprocess.DEVNULL)
    manifest = (folder / "mdl.yaml").read_text()
    manifest = re.sub(r"context: \d+", f"context: {context}", manifest)
    (folder / "mdl.yaml").write_text(manifest)
    sets = ["--set", f"scale.concurrency={slots}", "--set", "resources.memory=4Gi", "--set", "http.timeout=10m", "--set", "scale.max=1",
            "--set", "scale.min=1"]
    said = json.loads(mdl(given, folder, env, "validate", "-o", "json", *sets))["weights"]["llm"]
    if said["context"] != context or not said["context_stated"]:
        raise SystemExit(f"validate reckons with {said['context']} tokens")
    url = json.loads(mdl(given, folder, env, "deploy", "-o", "json", *sets))["serving"]["url"]
    tokens, threads = [0] * slots, []
    for number in range(slots):
        threads.append(threading.Thread(target=lambda n=number: tokens.__setitem__(n, fill(url, context, n))))
        threads[-1].start()
    for thread in threads:
        thread.join()
    measured = peak(home)
    mdl(given, folder, env, "destroy", "-y")
    ratio = said["memory_bytes"] / measured
    print(f"{context:6} tokens × {slots} at once: said {said['memory_bytes'] / 1e6:6.1f} MB, peak {measured / 1e6:6.1f} MB: {ratio:.2f} "
          f"(goal: 0.85 to 1.15)   contexts filled to {min(tokens)} of {context}", flush=True)


def main():
    options = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    options.add_argument("--mdl", default=str(PROJECT / "build/release/mdl"))
    given = options.parse_args()
    given.mdl = str(pathlib.Path(given.mdl).resolve())
    root = pathlib.Path(tempfile.mkdtemp(prefix="mdl-bench-"))
    try:
        for context, slots in CASES:
            measure(given, root, context, slots)
    finally:
        shutil.rmtree(root, ignore_errors=True)


if __name__ == "__main__":
    main()
