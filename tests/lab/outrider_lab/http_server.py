# SPDX-License-Identifier: GPL-3.0-or-later
"""The web server of a lab host: "/" tells who asks, "/bytes/N" sends N bytes."""

import http.server
import json
import socket
import sys


class Handler(http.server.BaseHTTPRequestHandler):
    def do_GET(self):
        if self.path.startswith("/bytes/"):
            body = b"x" * int(self.path[len("/bytes/"):])
        else:
            peer = self.client_address[0].removeprefix("::ffff:")
            body = (json.dumps({"host": sys.argv[1], "peer": peer}) + "\n").encode()
        self.send_response(200)
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def do_POST(self):
        length = int(self.headers["Content-Length"])
        received = 0
        while received < length:
            part = self.rfile.read(min(65536, length - received))
            if not part:
                break
            received += len(part)
        body = f"{received}\n".encode()
        self.send_response(200)
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, *_):
        pass


class Server(http.server.ThreadingHTTPServer):
    address_family = socket.AF_INET6
    daemon_threads = True


Server(("::", 80), Handler).serve_forever()
