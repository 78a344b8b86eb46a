"""Any program that listens on $PORT will do; this one needs nothing but Python."""

import json
import os
import signal
import sys
import threading
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer


class Server(ThreadingHTTPServer):
    daemon_threads = False  # requests under way are answered before the program ends


class Handler(BaseHTTPRequestHandler):
    def do_GET(self):
        if self.path == "/healthz":
            self.answer({"status": "ok"})
        else:
            self.answer({"error": "not found"}, 404)

    def do_POST(self):
        data = self.rfile.read(int(self.headers.get("Content-Length", 0)))
        try:
            words = json.loads(data)["text"].split()
        except (ValueError, KeyError, TypeError, AttributeError):
            self.answer({"error": 'the body must be an object such as {"text": "hello"}'}, 400)
            return
        self.answer({"words": len(words)})

    def answer(self, value, status=200):
        data = json.dumps(value).encode() + b"\n"
        self.send_response(status)
        self.send_header("Content-Type", "application/json")
        self.send_header("Content-Length", str(len(data)))
        self.end_headers()
        self.wfile.write(data)

    def log_message(self, text, *arguments):
        print(text % arguments, file=sys.stderr, flush=True)


def main():
    # On local only this machine may connect; a container listens on all its addresses.
    server = Server((os.environ.get("HOST", "127.0.0.1"), int(os.environ.get("PORT", "8080"))), Handler)
    signal.signal(signal.SIGTERM, lambda *_: threading.Thread(target=server.shutdown).start())
    server.serve_forever()
    server.server_close()


if __name__ == "__main__":
    main()
