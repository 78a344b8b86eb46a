"""Whether large weights cost what they must: ratios from one run.

    benchmarks/weights.py [--mdl build/release/mdl] [--gib 2]

- hashing: the first plan of a service with one large file, against `openssl speed -evp sha256` for the same bytes on the same machine;
- unchanged: the same plan again, bytes of weights read;
- a code change beside 253 MB of weights: deploy, against the same service without weights, and the bytes of weights read.

Bytes read are counted by strace, which times are never taken under.
"""

import argparse
import json
import os
import pathlib
import re
import shutil
import statistics
import subprocess
import tempfile
import time

PROJECT = pathlib.Path(__file__).resolve().parents[1]
SERVICE = PROJECT / "tests/integration/service.py"


class Bench:
    def __init__(self, mdl):
        self.mdl = mdl
        self.root = pathlib.Path(tempfile.mkdtemp(prefix="mdl-bench-", dir=os.environ.get("MDL_BENCH_DIR")))

    def service(self, name, weights=0):
        folder = self.root / name
        folder.mkdir()
        shutil.copy(SERVICE, folder / "server.py")
        manifest = {"mdl": 1, "name": name, "http": {"command": ["python3", "server.py"]}, "targets": {"local": {}},
                    "resources": {"memory": "8Gi"}, "scale": {"max": 1}}
        if weights:
            manifest["model"] = [{"path": "base.dat"}]
            with open(folder / "base.dat", "wb") as file:
                block = os.urandom(1 << 20)
                for number in range(weights >> 20):
                    file.write(number.to_bytes(8, "little") + block[8:])
            os.utime(folder / "base.dat", (1_000_000_000,) * 2)
        (folder / "mdl.yaml").write_text(json.dumps(manifest))
        return folder

    def env(self, home="home"):
        return os.environ | {"MDL_HOME": str(self.root / home)}

    def run(self, folder, *words, home="home"):
        begun = time.perf_counter()
        done = subprocess.run([self.mdl, *words], cwd=folder, env=self.env(home), stdin=subprocess.DEVNULL, capture_output=True, text=True)
        if done.returncode != 0:
            raise SystemExit(f"mdl {' '.join(words)} exited {done.returncode}\n{done.stdout}{done.stderr}")
        return time.perf_counter() - begun

    def bytes_read(self, folder, *words, home="home"):
        """Bytes of the file base.dat, and of the store's, that a command reads."""
        trace = self.root / "trace"
        subprocess.run(["strace", "-f", "-qq", "-y", "-e", "trace=read,pread64,readv,sendfile,copy_file_range,mmap", "-o", trace, self.mdl, *words],
                       cwd=folder, env=self.env(home), stdin=subprocess.DEVNULL, capture_output=True, check=True)
        total = 0
        for line in trace.read_text(errors="replace").splitlines():
            if "base.dat>" not in line and "/blobs/" not in line:
                continue
            if " mmap(" in line:
                total += 1
            elif count := re.search(r"= (\d+)$", line):
                total += int(count[1])
        return total

    def close(self):
        for folder in self.root.iterdir():
            if (folder / "mdl.yaml").exists():
                subprocess.run([self.mdl, "destroy", "-y"], cwd=folder, env=self.env(), stdin=subprocess.DEVNULL, capture_output=True)
        shutil.rmtree(self.root)


def openssl_rate():
    """Bytes a second of SHA-256 by openssl's own measure with large blocks, in time that passes, as mdl is measured."""
    done = subprocess.run(["openssl", "speed", "-elapsed", "-evp", "sha256", "-bytes", "1048576", "-seconds", "3", "-mr"], capture_output=True, text=True, check=True)
    return float(re.search(r"^\+F:\d+:sha256:([\d.]+)", done.stdout, re.M | re.I)[1])


def hashing(bench, gib):
    size = gib << 30
    folder = bench.service("hashing", size)
    subprocess.run(["cat", folder / "base.dat"], stdout=subprocess.DEVNULL, check=True)  # from memory, as openssl has it
    ratios, rates = [], []
    for number in range(3):
        before = openssl_rate()
        took = bench.run(folder, "plan", home=f"home-{number}")
        rate = size / took
        rates.append(rate)
        ratios.append(rate / ((before + openssl_rate()) / 2))
    unchanged = bench.bytes_read(folder, "plan", home="home-2")
    again = bench.run(folder, "plan", home="home-2")
    print(f"First hash of {gib} GiB: {statistics.median(rates) / 1e9:.2f} GB/s, "
          f"{statistics.median(ratios):.2f} times openssl speed (goal: 0.9)   runs: {', '.join(f'{one:.2f}' for one in ratios)}")
    print(f"Unchanged: {unchanged} bytes of weights read (goal: 0), {again * 1000:.0f} ms")
    shutil.rmtree(folder)


def code_change(bench, runs):
    """Deploys of a changed line, with and without weights, in turns."""
    folders = {"weights": bench.service("heavy", 253 << 20), "none": bench.service("light")}
    times = {name: [] for name in folders}
    for folder in folders.values():
        bench.run(folder, "deploy")
    for number in range(runs):
        for name, folder in folders.items():
            with open(folder / "server.py", "a") as file:
                file.write(f"# {number}\n")
            time.sleep(2.1)  # what was written within two seconds is read again, whatever it is
            times[name].append(bench.run(folder, "deploy"))
    with open(folders["weights"] / "server.py", "a") as file:
        file.write("# counted\n")
    counted = bench.bytes_read(folders["weights"], "deploy")
    middle = {name: statistics.median(values) for name, values in times.items()}
    print(f"One changed line: deploy {middle['weights'] * 1000:.0f} ms beside 253 MiB of weights, {middle['none'] * 1000:.0f} ms without: "
          f"{middle['weights'] / middle['none']:.2f} times (goal: 1.1), {counted} bytes of weights read (goal: 0)")


def main():
    options = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    options.add_argument("--mdl", default=str(PROJECT / "build/release/mdl"))
    options.add_argument("--gib", type=int, default=2)
    options.add_argument("--runs", type=int, default=7)
    given = options.parse_args()
    bench = Bench(str(pathlib.Path(given.mdl).resolve()))
    try:
        code_change(bench, given.runs)
        hashing(bench, given.gib)
    finally:
        bench.close()


if __name__ == "__main__":
    main()
