#include "core/oci/detect.hpp"

#include <doctest/doctest.h>

#include "core/oci/detect_files.hpp"
#include "core/oci/detect_python.hpp"
#include "tests/unit/oci/tree.hpp"

using namespace mdl;
using namespace mdl::oci;
using oci::test::Tree;
using Words = std::vector<std::string>;

namespace {

std::string found_in(std::string_view text) {
  const auto application = python_application(text);
  return application ? application->object + ' ' + application->framework + ' ' + application->interface : "none";
}

void write_large(const Tree& tree, const std::string& path, std::uintmax_t bytes) {
  tree.write(path, "");
  std::filesystem::resize_file(tree.at(path), bytes);
}

}  // namespace

TEST_CASE("detect: application objects of Python frameworks are found by the line that makes them") {
  CHECK(found_in("from flask import Flask\napp = Flask(__name__)\n") == "app Flask wsgi");
  CHECK(found_in("import flask\r\napplication=flask.Flask('x')\r\n") == "application Flask wsgi");
  CHECK(found_in("api: FastAPI = FastAPI(\n  title='x')\n") == "api FastAPI asgi");
  CHECK(found_in("app = Starlette(routes=[])") == "app Starlette asgi");
  CHECK(found_in("application = get_wsgi_application()") == "application Django wsgi");
  CHECK(found_in("application = get_asgi_application()") == "application Django asgi");
  CHECK(found_in("app = falcon.asgi.App()") == "app Falcon asgi");
  CHECK(found_in("def application(environ, start_response):\n") == "application WSGI wsgi");
  CHECK(found_in("def app( environ: dict , start_response ) -> list:\n") == "app WSGI wsgi");
  CHECK(found_in("async def app(scope, receive, send):\n") == "app ASGI asgi");
  CHECK(found_in("from flask import Flask\ndef create_app():\n  app = Flask(__name__)\n  return app\nserver "
                 "= create_app()\n") == "server Flask wsgi");
  CHECK(found_in("from factory import create_app\napp = create_app('prod')\n") == "app  auto");
  CHECK(found_in("admin = FastAPI()\napp = FastAPI()\n") == "app FastAPI asgi");
}

TEST_CASE("detect: what only looks like an application object is none") {
  for (const auto* text :
       {"", "# app = Flask(__name__)\n", "def f():\n    app = Flask(__name__)\n",
        "x = '''\napp = Flask(__name__)\n'''\n", "\"\"\"How to:\n\napp = FastAPI()\n\"\"\"\n",
        "app == Flask(x)\n", "app = NotFlask(x)\n", "app = Flask\n", "app\n", "app: Flask\n",
        "def app(environ):\n", "async def app(scope, receive):\n", "def f(",
        "def (environ, start_response)"}) {
    CAPTURE(text);
    CHECK(found_in(text) == "none");
  }
  CHECK(found_in("x = \"it's '''\"  # '''\napp = Flask(__name__)\n") == "app Flask wsgi");
  CHECK(found_in("s = '''a''' + \"\"\"b\"\"\"\napp = Flask(__name__)\n") == "app Flask wsgi");
}

TEST_CASE("detect: handlers take an event and a context") {
  CHECK(python_handler("import json\ndef lambda_handler(event, context):\n") == "lambda_handler");
  CHECK(python_handler("def run(event: dict, context=None):\n") == "run");
  CHECK(python_handler("def other(event, context):\ndef lambda_handler(e, c):\n") == "lambda_handler");
  CHECK(!python_handler("class X:\n  def lambda_handler(self, event, context):\n"));
  CHECK(!python_handler("def run(event):\n"));
}

TEST_CASE("detect: the files beside the code are understood") {
  CHECK(procfile_web("release: x\nweb:   gunicorn app:app\r\n") == "gunicorn app:app");
  CHECK(!procfile_web("worker: x\nweb:\n"));
  CHECK(command_words("python server.py --port 80") == Words{"python", "server.py", "--port", "80"});
  CHECK(command_words("node s.js $PORT") == Words{"sh", "-c", "exec node s.js $PORT"});
  CHECK(served_entry("gunicorn -w 4 -b 0.0.0.0:$PORT src.main:api") == "src.main:api");
  CHECK(served_entry("uvicorn app:app --host 0.0.0.0") == "app:app");
  CHECK(!served_entry("python app:app"));
  CHECK(!served_entry("gunicorn -b :8000"));
  CHECK(has_start_script(R"({"scripts": {"start": "node x.js"}})"));
  CHECK(!has_start_script(R"({"scripts": {"test": "x"}})"));
  CHECK(!has_start_script("{"));
  CHECK(exposed_port("FROM x\nEXPOSE $P\nEXPOSE 9000/tcp 80\n") == 9000);
  CHECK(exposed_port("FROM x\n") == 0);
  CHECK(exposed_port("EXPOSE 99999999\n") == 0);
  CHECK(python_version("3.11.4\n") == "3.11");
  CHECK(python_version("python-3.12.1") == "3.12");
  CHECK(python_version("3.13") == "3.13");
  for (const auto* text : {"", "pypy3.9", "system", "3", "3.", ".11"}) CHECK(python_version(text) == "");
  CHECK(health_path("@app.get('/healthz')") == "/healthz");
  CHECK(health_path("if path == \"/health\":") == "/health");
  CHECK(health_path("/healthz") == "");
}

TEST_CASE("detect: a Flask service with weights reads as the tour shows it") {
  const Tree tree;
  tree.write("app.py",
             "from flask import Flask\napp = Flask(__name__)\n@app.get('/healthz')\ndef h(): return 'ok'\n");
  tree.write("requirements.txt", "flask\n");
  for (const auto* name : {"weights/a.bin", "weights/b.bin", "weights/c.json"})
    write_large(tree, name, 400'000'000);
  const auto found = detect(tree.root());
  CHECK(found.sentence() ==
        "Found app.py (Flask application 'app'), requirements.txt, weights/ (3 files, 1.2 GB).");
  CHECK(found.kind == DetectedKind::entry);
  CHECK(found.entry == "app:app");
  CHECK(found.interface == "wsgi");
  CHECK(found.health == "/healthz");
  REQUIRE(found.model.size() == 1);
  CHECK(found.model[0].path == "weights/");
}

TEST_CASE("detect: applications in src, in a Django package and in a file of another name") {
  const Tree src, django, other;
  src.write("src/app.py", "app = FastAPI()\n");
  src.write("train.py", "print(1)\n");
  CHECK(detect(src.root()).entry == "src.app:app");
  django.write("manage.py", "import django\n");
  django.write("shop/wsgi.py", "application = get_wsgi_application()\n");
  CHECK(detect(django.root()).entry == "shop.wsgi:application");
  other.write("serve_model.py", "app = Flask(__name__)\n");
  other.write("not-a-module.py", "app = Flask(__name__)\n");
  CHECK(detect(other.root()).entry == "serve_model:app");
}

TEST_CASE("detect: a Procfile names the entry, or else the command") {
  const Tree tree;
  tree.write("app.py", "app = Flask(__name__)\n");
  tree.write("other.py", "from x import y\nserver = FastAPI()\n");
  tree.write("Procfile", "web: gunicorn -k uvicorn.workers.UvicornWorker other:server -b :$PORT\n");
  CHECK(detect(tree.root()).entry == "other:server");
  CHECK(detect(tree.root()).interface == "asgi");
  const Tree command;
  command.write("Procfile", "web: ./serve --port $PORT\n");
  command.write("Dockerfile", "FROM x\nEXPOSE 80\n");
  const auto found = detect(command.root());
  CHECK(found.kind == DetectedKind::command);
  CHECK(found.command == Words{"sh", "-c", "exec ./serve --port $PORT"});
  CHECK(found.sentence() == "Found Procfile (sh -c exec ./serve --port $PORT), Dockerfile (port 80).");
}

TEST_CASE("detect: handlers, start scripts and Dockerfiles, in this order") {
  const Tree tree;
  tree.write("Dockerfile", "FROM x\nEXPOSE 8080\n");
  CHECK(detect(tree.root()).kind == DetectedKind::dockerfile);
  CHECK(detect(tree.root()).sentence() == "Found Dockerfile (port 8080).");
  tree.write("package.json", R"({"scripts": {"start": "node x.js"}})");
  CHECK(detect(tree.root()).command == Words{"npm", "start"});
  tree.write("lambda_function.py", "def lambda_handler(event, context):\n  pass\n");
  const auto found = detect(tree.root());
  CHECK(found.kind == DetectedKind::handler);
  CHECK(found.handler == "lambda_function.lambda_handler");
  CHECK(found.sentence() == "Found lambda_function.py (handler 'lambda_handler'), Dockerfile (port 8080).");
}

TEST_CASE(
    "detect: weights are large files and files that end like weights, but no code and nothing large that is "
    "ignored") {
  const Tree tree;
  tree.write("main.py", "app = FastAPI()\n");
  tree.write(".gitignore", "*.gguf\ndata/\n*.dump\n");
  tree.write(".python-version", "3.12.1\n");
  tree.write("pyproject.toml", "[project]\ndependencies = ['fastapi']\n");
  write_large(tree, "base.gguf", 4'000'000'000);
  write_large(tree, "big.db", 20'000'000);
  write_large(tree, "x.dump", 20'000'000);
  write_large(tree, "data/raw/train.csv", 20'000'000);
  tree.write("models/__init__.py");
  tree.write("models/small.onnx", "12345");
  write_large(tree, ".venv/lib/big.so", 20'000'000);
  write_large(tree, "env/lib/big.so", 20'000'000);
  tree.write("env/pyvenv.cfg");
  write_large(tree, "node_modules/x/big.node", 20'000'000);
  tree.folder("weights");
  CHECK(detect(tree.root()).sentence() ==
        "Found main.py (FastAPI application 'app'), pyproject.toml, Python 3.12, base.gguf (4.0 GB), big.db "
        "(20.0 MB), "
        "models/small.onnx (5 B).");
}

TEST_CASE("detect: many weights files are counted, and nothing is said plainly") {
  const Tree tree, empty;
  for (int i = 0; i < 6; ++i) tree.write("m" + std::to_string(i) + ".pkl", "x");
  CHECK(detect(tree.root()).sentence() ==
        "Found m0.pkl (1 B), m1.pkl (1 B), m2.pkl (1 B), m3.pkl (1 B), 2 more weights files, but nothing "
        "that could be "
        "served.");
  CHECK(detect(empty.root()).sentence() == "Found nothing that could be served.");
  CHECK(detect(empty.at("absent")).kind == DetectedKind::nothing);
}
