"""Weights: fetched from sources with faults, kept once, shared by releases, collected when nothing pins them."""

import hashlib
import os
import random
import shutil
import signal
import subprocess
import time
import unittest

from harness import BINARY, MdlTest, packages, until
from weights_source import COMMIT, Source, certificate

SIZE = 10_000_000


def gguf(size, **numbers):
    """A GGUF file of one tensor of bytes, with these figures of an architecture called llama."""
    def text(value):
        return len(value).to_bytes(8, "little") + value.encode()

    keys = text("general.architecture") + (8).to_bytes(4, "little") + text("llama")
    for name, value in numbers.items():
        keys += text("llama." + name.replace("__", ".")) + (4).to_bytes(4, "little") + value.to_bytes(4, "little")
    tensor = text("t") + (1).to_bytes(4, "little") + size.to_bytes(8, "little") + (24).to_bytes(4, "little") + bytes(8)
    head = b"GGUF" + (3).to_bytes(4, "little") + (1).to_bytes(8, "little") + (len(numbers) + 1).to_bytes(8, "little") + keys + tensor
    return head + bytes(-len(head) % 32)


class Weights(MdlTest):
    def setUp(self):
        super().setUp()
        self.data = random.Random(1).randbytes(SIZE)
        self.digest = hashlib.sha256(self.data).hexdigest()
        self.blobs = self.home / "blobs"

    def source(self, **options):
        pem = certificate(self.root)
        source = Source({"base.bin": self.data}, pem, **options)
        self.addCleanup(source.close)
        self.env["SSL_CERT_FILE"] = str(self.root / "cert.pem")
        return source

    def fetched_service(self, url, sha256=None):
        self.service(model=[{"path": "weights/base.bin", "from": url, "sha256": sha256 or self.digest}])

    def stored(self):
        return sorted(path.name for path in self.blobs.iterdir()) if self.blobs.exists() else []

    def assert_whole(self):
        self.assertEqual(self.stored(), [self.digest])
        self.assertEqual((self.blobs / self.digest).read_bytes(), self.data)
        release = next((self.home / "artifacts").glob("*/app/weights/base.bin"))
        self.assertEqual(release.read_bytes(), self.data)


class Fetching(Weights):
    def test_a_plan_says_what_it_will_fetch_and_fetches_nothing(self):
        source = self.source()
        self.fetched_service(source.url + "/plain/base.bin")
        plan = self.mdl("plan")
        self.assertIn(f"Fetches weights/base.bin from {source.url}/plain/base.bin, 10.0 MB", plan.out)
        self.assertEqual(source.asked("GET"), [])
        document = self.mdl("plan", "-o", "json").json()
        self.assertEqual(document["plans"][0]["fetches"][0]["bytes"], SIZE)
        self.deploy()
        self.assert_whole()
        before = len(source.requests)
        self.assertIn("Nothing to do", self.mdl("deploy").out)
        self.assertEqual(len(source.requests), before)

    def test_sources_with_faults_give_the_right_file(self):
        source = self.source()
        for way in ("cuts", "whole", "lies", "busy"):
            with self.subTest(way):
                shutil.rmtree(self.blobs, ignore_errors=True)
                self.fetched_service(f"{source.url}/{way}/base.bin")
                self.mdl("build")
                self.assertEqual(self.stored(), [self.digest])
                self.assertEqual((self.blobs / self.digest).read_bytes(), self.data)
                shutil.rmtree(self.home / "artifacts")
        self.assertEqual(source.sent["/cuts/base.bin"], SIZE, "each byte is fetched once")
        self.assertEqual(source.sent["/busy/base.bin"], SIZE)

    def test_a_wrong_byte_is_an_error_and_nothing_is_kept(self):
        source = self.source()
        self.fetched_service(source.url + "/wrong/base.bin")
        failed = self.mdl("deploy", code=1)
        self.assertIn("sent other bytes than those of SHA-256 " + self.digest, failed.err)
        self.assertEqual(self.stored(), [])
        self.fetched_service(source.url + "/plain/other.bin")
        self.assertIn("404", self.mdl("deploy", code=1).err)

    def test_a_killed_fetch_is_gone_on_with(self):
        source = self.source()
        self.fetched_service(source.url + "/plain/base.bin")
        source.hold.clear()
        process = self.start("build")
        partial = self.blobs / (self.digest + ".fetch")
        until(lambda: partial.exists() and partial.stat().st_size >= SIZE // 2 - 200_000, what="half of the file")
        process.send_signal(signal.SIGKILL)
        process.wait()
        kept = partial.stat().st_size
        source.hold.set()
        self.mdl("gc", "--dry-run")
        self.deploy()
        self.assert_whole()
        self.assertEqual(source.asked()[-1]["headers"]["Range"], f"bytes={kept}-")

    def test_ctrl_c_keeps_what_is_here(self):
        source = self.source()
        self.fetched_service(source.url + "/plain/base.bin")
        source.hold.clear()
        process = self.start("deploy")
        partial = self.blobs / (self.digest + ".fetch")
        until(lambda: partial.exists() and partial.stat().st_size > 1_000_000, what="a part of the file")
        process.send_signal(signal.SIGINT)
        source.hold.set()
        _, err = process.communicate(timeout=60)
        self.assertEqual(process.returncode, 130, err)
        self.deploy()
        self.assert_whole()

    def test_two_deploys_fetch_the_same_file_once(self):
        source = self.source()
        self.fetched_service(source.url + "/plain/base.bin")
        source.hold.clear()
        first = self.start("build")
        partial = self.blobs / (self.digest + ".fetch")
        until(lambda: partial.exists() and partial.stat().st_size > 1_000_000, what="the first one's fetch")
        second = self.start("build")
        until(lambda: len(source.asked("HEAD")) == 2, what="the second one")
        source.hold.set()
        for process in (first, second):
            _, err = process.communicate(timeout=60)
            self.assertEqual(process.returncode, 0, err)
        self.assertEqual(source.sent["/plain/base.bin"], SIZE)
        self.assertEqual(self.stored(), [self.digest])

    def test_nothing_is_collected_of_a_fetch_under_way(self):
        source = self.source()
        self.fetched_service(source.url + "/plain/base.bin")
        source.hold.clear()
        process = self.start("build")
        partial = self.blobs / (self.digest + ".fetch")
        until(lambda: partial.exists() and partial.stat().st_size > 1_000_000, what="a part of the file")
        self.mdl("gc", code=None)
        self.assertTrue(partial.exists())
        source.hold.set()
        _, err = process.communicate(timeout=60)
        self.assertEqual(process.returncode, 0, err)
        self.assertEqual(self.stored(), [self.digest])
        self.assertIn("weights " + self.digest[:8], self.mdl("gc", "--dry-run").out)
        self.mdl("gc")
        self.assertEqual(self.stored(), [])

    @unittest.skipUnless(shutil.which("nginx"), "needs nginx")
    def test_nginx_serves_the_rest_of_a_fetch(self):
        certificate(self.root)
        (self.root / "www").mkdir()
        (self.root / "www/base.bin").write_bytes(self.data)
        log = self.root / "access.log"
        config = self.root / "nginx.conf"
        port = 20_000 + os.getpid() % 10_000
        config.write_text(f"""
            daemon off; pid {self.root}/nginx.pid; error_log stderr; worker_processes 1; user root;
            events {{ worker_connections 64; }}
            http {{
              log_format sent '$request_method $status $body_bytes_sent "$http_range" "$http_if_range"';
              access_log {log} sent; client_body_temp_path {self.root}/b; proxy_temp_path {self.root}/p;
              fastcgi_temp_path {self.root}/f; uwsgi_temp_path {self.root}/u; scgi_temp_path {self.root}/s;
              server {{ listen 127.0.0.1:{port} ssl; ssl_certificate {self.root}/cert.pem; ssl_certificate_key {self.root}/key.pem;
                        root {self.root}/www; limit_rate 4m; }}
            }}""")
        nginx = subprocess.Popen(["nginx", "-c", str(config), "-p", str(self.root)], stderr=subprocess.DEVNULL, env=self.env)
        self.addCleanup(nginx.wait)
        self.addCleanup(nginx.terminate)
        self.env["SSL_CERT_FILE"] = str(self.root / "cert.pem")
        until(lambda: (self.root / "nginx.pid").exists(), what="nginx")
        self.fetched_service(f"https://127.0.0.1:{port}/base.bin")
        process = self.start("build")
        partial = self.blobs / (self.digest + ".fetch")
        until(lambda: partial.exists() and partial.stat().st_size > 2_000_000, what="a part of the file")
        process.kill()
        process.wait()
        kept = partial.stat().st_size
        self.mdl("build")
        self.assertEqual((self.blobs / self.digest).read_bytes(), self.data)
        last = until(lambda: [line for line in log.read_text().splitlines() if line.startswith("GET 206")], what="nginx's log")[-1]
        self.assertRegex(last, rf'^GET 206 {SIZE - kept} "bytes={kept}-" "\\x22|^GET 206 {SIZE - kept} "bytes={kept}-" "')


class Hub(Weights):
    def hub(self):
        files = {"base.bin": self.data, "config.json": b'{"a":1}\n'}
        bytes_of = Source(files)
        hub = Source(files, linked=bytes_of)
        for server in (hub, bytes_of):
            self.addCleanup(server.close)
        self.env |= {"HF_ENDPOINT": hub.url, "HF_TOKEN": "hf_marked_secret"}
        return hub, bytes_of

    def test_a_file_of_a_hub_is_fetched_with_the_token_at_the_hub_only(self):
        hub, bytes_of = self.hub()
        self.service(model=[{"path": "weights/base.bin", "from": "hf://org/repo@main/base.bin"},
                            {"path": "weights/config.json", "from": "hf://org/repo@main/config.json"}])
        plan = self.mdl("plan", "-v")
        self.assertIn(f"hf://org/repo@{COMMIT}/base.bin", plan.out)
        self.assertEqual(bytes_of.requests, [])
        deployed = self.mdl("deploy", "-v")
        release = next((self.home / "artifacts").glob("*/app/weights"))
        self.assertEqual((release / "base.bin").read_bytes(), self.data)
        self.assertEqual((release / "config.json").read_bytes(), b'{"a":1}\n')
        self.assertTrue(all(one["headers"].get("Authorization") == "Bearer hf_marked_secret" for one in hub.requests))
        self.assertTrue(all("Authorization" not in one["headers"] for one in bytes_of.requests))
        self.assertNotIn("hf_marked_secret", plan.out + plan.err + deployed.out + deployed.err)
        found = subprocess.run(["grep", "-rl", "hf_marked_secret", str(self.root)], capture_output=True, text=True)
        self.assertEqual(found.stdout, "")

    def test_a_file_that_the_hub_does_not_have_is_said_with_its_words(self):
        self.hub()
        self.service(model=[{"path": "m.bin", "from": "hf://org/repo@main/none.bin"}])
        failed = self.mdl("deploy", code=1)
        self.assertIn("org/repo has no file 'none.bin' at revision 'main'", failed.err)
        self.assertIn("mdl.yaml:", failed.err)

    def test_the_hub_is_asked_as_its_own_client_asks(self):
        try:
            packages("huggingface_hub==2.4.0")
            from huggingface_hub import hf_hub_download
        except (ImportError, subprocess.CalledProcessError) as error:
            self.skipTest(f"huggingface_hub: {error}")
        hub, bytes_of = self.hub()
        os.environ.update(HF_HUB_DISABLE_TELEMETRY="1")
        hf_hub_download("org/repo", "base.bin", revision="refs/pr/1", cache_dir=self.root / "hf", endpoint=hub.url,
                        token="hf_marked_secret")
        theirs = [(one["method"], one["path"], one["headers"].get("authorization", one["headers"].get("Authorization")))
                  for one in hub.requests if "/resolve/" in one["path"]]
        their_bytes = [(one["method"], one["path"]) for one in bytes_of.requests]
        hub.requests.clear()
        bytes_of.requests.clear()
        self.service(model=[{"path": "m.bin", "from": "hf://org/repo@refs/pr/1/base.bin"}])
        self.mdl("build")
        ours = [(one["method"], one["path"], one["headers"].get("Authorization")) for one in hub.requests]
        self.assertEqual(ours[0], theirs[0])
        # The bytes come through the resolved commit, so that a branch that moves meanwhile does not matter.
        self.assertEqual(ours[1:], [("GET", f"/org/repo/resolve/{COMMIT}/base.bin", "Bearer hf_marked_secret")])
        self.assertEqual([(one["method"], one["path"]) for one in bytes_of.requests], their_bytes)


class Releases(Weights):
    def local_service(self):
        self.service(model=[{"path": "weights/base.bin"}], files={"weights/.keep": "", "extra.py": "1\n"})
        (self.folder / "weights/base.bin").write_bytes(self.data)

    def artifact(self, release):
        records = self.mdl("releases", "-o", "json").json()["releases"]
        digest = next(one for one in records if one["number"] == release)["artifact"]
        return self.home / "artifacts" / digest.removeprefix("sha256:")

    def test_new_weights_with_the_same_code_are_a_weights_only_release(self):
        self.local_service()
        self.deploy()
        (self.folder / "weights/base.bin").write_bytes(self.data[::-1])
        self.assertIn("Weights only: code and dependencies stay as they are.", self.mdl("plan").out)
        done = self.mdl("deploy", "-v")
        self.assertRegex(done.err, r"weights only; 2 layers")
        self.assertRegex(done.err, r"1 file of weights, 10.0 MB, by (reflink|hard link|copy) from the store; code shared with another release")
        old, new = self.artifact(1), self.artifact(2)
        self.assertNotEqual(old, new)
        for name in ("server.py", "extra.py"):
            self.assertTrue(os.path.samefile(old / "app" / name, new / "app" / name), name)
        self.mdl("rollback")
        self.assertEqual(self.get().json()["release"], 1)
        (self.folder / "extra.py").write_text("2\n")
        self.assertNotIn("eights only", self.mdl("plan").out)

    def test_a_change_of_code_beside_weights_reads_none_of_them(self):
        self.local_service()
        os.utime(self.folder / "weights/base.bin", (1_000_000_000,) * 2)
        until(lambda: (self.folder / "weights/base.bin").stat().st_ctime + 2.1 < time.time(), what="files that are no longer young")
        self.deploy()
        (self.folder / "extra.py").write_text("2\n")
        if not shutil.which("strace"):
            self.skipTest("needs strace")
        trace = self.root / "trace"
        reads = "trace=read,pread64,readv,preadv,mmap,sendfile,copy_file_range"
        subprocess.run(["strace", "-f", "-qq", "-y", "-e", reads, "-o", str(trace), str(BINARY), "deploy"],
                       cwd=self.folder, env=self.env | {"ASAN_OPTIONS": "detect_leaks=0"},  # it cannot look below strace
                       check=True, capture_output=True)
        lines = trace.read_text(errors="replace").splitlines()
        self.assertTrue([line for line in lines if "extra.py" in line], "the code is read")
        self.assertEqual([line for line in lines if "base.bin" in line or self.digest in line], [])
        self.assertEqual(self.status()["live"], [{"release": 2, "weight": 1.0}])

    def test_gc_counts_and_removes_what_no_kept_release_pins(self):
        self.local_service()
        self.set(rollout={"keep": 1})
        digests = []
        for version in range(3):
            data = bytes([version]) * 2_000_000
            digests.append(hashlib.sha256(data).hexdigest())
            (self.folder / "weights/base.bin").write_bytes(data)
            self.deploy()
        (self.blobs / ("f" * 64 + ".fetch")).write_bytes(b"left by a killed run")
        dry = self.mdl("gc", "--dry-run").out
        self.assertIn("weights " + digests[0][:8], dry)
        self.assertIn("unfinished weights ffffffff", dry)
        self.assertEqual(len(self.stored()), 4)
        self.mdl("gc")
        self.assertEqual(self.stored(), sorted(digests[1:]))
        self.mdl("rollback")
        self.assertEqual(self.get().json()["release"], 2)

    def test_a_file_with_its_time_set_back_is_seen(self):
        self.local_service()
        path = self.folder / "weights/base.bin"
        os.utime(path, (1_000_000_000,) * 2)
        self.deploy()
        path.write_bytes(self.data[::-1])
        os.utime(path, (1_000_000_000,) * 2)
        self.assertEqual(self.deploy()["serving"]["release"], 2)


class Preflight(Weights):
    FIGURES = {"context_length": 32768, "block_count": 4, "embedding_length": 64, "attention__head_count": 4,
               "attention__head_count_kv": 2}

    def model(self, size=4_000_000, **fields):
        self.service(model=[{"path": "m.gguf"} | fields.pop("model", {})], **fields)
        with open(self.folder / "m.gguf", "wb") as file:
            file.write(gguf(size, **self.FIGURES))
            file.truncate(file.tell() + size)

    def test_validate_and_plan_say_the_memory_with_its_arithmetic(self):
        self.model(model={"context": 8192}, scale={"concurrency": 2})
        for verb in ("validate", "plan"):
            said = self.mdl(verb, "-v").out
            self.assertRegex(said, r"Weights  m\.gguf: GGUF, llama, 4 M parameters, I8, context 32,768, 4\.0 MB")
            self.assertRegex(said, r"Memory   about [\d.]+ MB a replica: 4\.0 MB weights \+ 8\.4 MB key-value cache \(8,192 tokens × 2 at once\)")
            self.assertIn("cache: 4 layers, 256 numbers a token × 2 B × 8192 tokens × 2 at once = 8.4 MB", said)
        self.assertEqual(self.mdl("validate", "-o", "json").json()["weights"]["app"]["cache_bytes"], 4 * 2 * 32 * 2 * 8192 * 2)

    def test_more_than_a_replica_gets_warns_and_weights_that_do_not_fit_refuse(self):
        self.model(model={"context": 32768}, scale={"concurrency": 64}, resources={"memory": "256Mi"})
        warned = self.mdl("validate").out
        self.assertRegex(warned, r"warning: resources\.memory: a replica needs about .*, and gets 268\.4 MB")
        self.model(size=300_000_000, resources={"memory": "256Mi"})
        refused = self.mdl("deploy", code=1)
        self.assertRegex(refused.err, r"resources\.memory: the weights alone take 300\.0 MB, and a replica gets 268\.4 MB")
        self.assertFalse((self.home / "artifacts").exists())

    def test_weights_that_do_not_fit_are_refused_before_they_are_fetched(self):
        model = gguf(80_000_000, **self.FIGURES)
        model += bytes(80_000_000)
        source = Source({"m.gguf": model}, certificate(self.root))
        self.addCleanup(source.close)
        self.env["SSL_CERT_FILE"] = str(self.root / "cert.pem")
        for way, refused in (("plain", True), ("whole", False)):
            with self.subTest(way):
                entry = {"path": "m.gguf", "from": f"{source.url}/{way}/m.gguf", "sha256": hashlib.sha256(model).hexdigest()}
                self.service(model=[entry], resources={"memory": "64Mi"})
                plan = self.mdl("plan", code=1 if refused else 0)
                if not refused:  # a source that gives no parts tells no more than the size
                    continue
                self.assertRegex(plan.err, r"resources\.memory: the weights alone take 80\.0 MB, and a replica gets 67\.1 MB")
                self.mdl("deploy", code=1)
                self.assertEqual(self.stored(), [])
                self.assertLessEqual(source.sent[f"/{way}/m.gguf"], 2 << 20)
                self.set(resources={"memory": "1Gi"})
                self.assertIn("Weights  m.gguf: GGUF, llama, 80 M parameters", self.mdl("plan").out)

    def test_a_service_gets_the_context_that_its_model_states(self):
        self.model(model={"context": 4096})
        self.deploy()
        self.assertEqual(self.get("/env").json()["MDL_CONTEXT"], hashlib.sha256(b"4096").hexdigest())

    def test_a_file_that_is_cut_short_and_pickles_are_named(self):
        self.model()
        os.truncate(self.folder / "m.gguf", 1_000_000)
        self.assertRegex(self.mdl("validate", code=1).out, r"model\.0\.path: 'm\.gguf': the file is cut short")
        self.service(model=[{"path": "m.joblib"}], files={"m.joblib": "x"})
        self.assertRegex(self.mdl("validate").out, r"warning: model\.0\.path: 'm\.joblib' can hold pickled Python objects, which is code that runs")

    def test_a_deploy_warns_of_pickles_only_when_the_weights_are_new(self):
        warning = "can hold pickled Python objects"
        self.service(model=[{"path": "m.joblib"}], files={"m.joblib": "x"})
        self.assertIn(warning, self.mdl("deploy").err)
        changed = self.mdl("deploy", "--set", "env.VERSION=2")
        self.assertNotIn(warning, changed.err + changed.out)
        self.assertRegex(changed.err, r"check +\d+ limits, 0 problems")
        (self.folder / "m.joblib").write_text("y")
        self.assertIn(warning, self.mdl("deploy").err)


if __name__ == "__main__":
    unittest.main()
