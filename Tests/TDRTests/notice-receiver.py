#!/usr/bin/env python3
"""Receives notices: notice-receiver.py http FAILURES LOG | smtp LOG

The first FAILURES requests are answered with 503. Every request or mail becomes a line of JSON in LOG, with the answer it
got. The address is printed on the first line of stdout.
"""
import http.server
import json
import socketserver
import sys


def log(path, **fields):
    with open(path, "a") as file:
        file.write(json.dumps(fields) + "\n")


def http_server(failures, path):
    class Handler(http.server.BaseHTTPRequestHandler):
        left = failures

        def do_POST(self):
            body = self.rfile.read(int(self.headers["Content-Length"])).decode()
            code = 503 if Handler.left > 0 else 200
            Handler.left -= 1
            log(path, code=code, body=body, headers={name.lower(): value for name, value in self.headers.items()})
            self.send_response(code)
            self.send_header("Content-Length", "0")
            self.end_headers()

        def log_message(self, *arguments):
            pass

    return http.server.HTTPServer(("127.0.0.1", 0), Handler)


def smtp_server(path):
    class Handler(socketserver.StreamRequestHandler):
        def handle(self):
            def say(text):
                self.wfile.write(text.encode() + b"\r\n")
            say("220 here")
            commands, data = [], None
            for line in self.rfile:
                line = line.decode().rstrip("\r\n")
                if data is not None:
                    if line == ".":
                        log(path, commands=commands, data=data)
                        data = None
                        say("250 taken")
                    else:
                        data.append(line)
                    continue
                commands.append(line)
                if line == "DATA":
                    data = []
                    say("354 go on")
                elif line.startswith("EHLO"):
                    self.wfile.write(b"250-here\r\n250 8BITMIME\r\n")
                elif line == "QUIT":
                    say("221 bye")
                    return
                else:
                    say("250 well")

    return socketserver.TCPServer(("127.0.0.1", 0), Handler)


server = http_server(int(sys.argv[2]), sys.argv[3]) if sys.argv[1] == "http" else smtp_server(sys.argv[2])
host, port = server.server_address
print(f"http://{host}:{port}/hook" if sys.argv[1] == "http" else f"{host}:{port}", flush=True)
server.serve_forever()
