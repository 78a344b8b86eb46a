"""Python's own HTTP server with answers that tests of an HTTP client need. Prints its port (or socket path), ends with its stdin."""
import http.server, json, os, socketserver, ssl, sys, threading, time


class Handler(http.server.BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"

    def log_message(self, *args):
        pass

    def address_string(self):
        return "client"

    def answer(self):
        path = self.path.split("?")[0]
        body = self.rfile.read(int(self.headers.get("Content-Length") or 0))
        peer = self.client_address[1] if isinstance(self.client_address, tuple) else 0
        if path == "/cut":  # promises more than it sends
            self.reply(200, b"part", length=1000)
            self.close_connection = True
        elif path == "/nothing":
            self.close_connection = True
        elif path == "/slow":
            time.sleep(30)
        elif path == "/stream":
            self.send_response(200)
            self.send_header("Transfer-Encoding", "chunked")
            self.end_headers()
            for part in (b"one", b"two", b"three"):
                self.wfile.write(b"%x\r\n%s\r\n" % (len(part), part))
                self.wfile.flush()
            self.wfile.write(b"0\r\n\r\n")
        elif path == "/continue":
            self.send_response_only(103)
            self.send_header("Early", "yes")
            self.end_headers()
            self.reply(200, b"")
        elif path == "/redirect":
            self.reply(302, b"", extra=[("Location", "/echo")])
        else:
            seen = {"method": self.command, "path": self.path, "peer": peer, "length": len(body),
                    "body": body.decode("latin-1"), "headers": [[k, v] for k, v in self.headers.items()]}
            self.reply(418 if path == "/teapot" else 200, json.dumps(seen).encode(), extra=[("X-Twice", "a"), ("x-twice", "b")])

    def reply(self, status, body, length=None, extra=()):
        self.send_response(status)
        self.send_header("Content-Length", str(len(body) if length is None else length))
        for name, value in extra:
            self.send_header(name, value)
        self.end_headers()
        if self.command != "HEAD":
            self.wfile.write(body)
            self.wfile.flush()

    do_GET = do_HEAD = do_POST = do_PUT = do_DELETE = do_PATCH = answer


class UnixServer(socketserver.ThreadingMixIn, socketserver.UnixStreamServer):
    daemon_threads = True


where = sys.argv[1]
if where.startswith("/"):
    server = UnixServer(where, Handler)
else:
    server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    if where == "tls":
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        context.load_cert_chain(sys.argv[2])
        server.socket = context.wrap_socket(server.socket, server_side=True)
server.handle_error = lambda *args: None  # clients that go away are part of the tests
threading.Thread(target=server.serve_forever, daemon=True).start()
print(where if where.startswith("/") else server.server_address[1], flush=True)
sys.stdin.read()
os._exit(0)
