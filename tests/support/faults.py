"""A door in front of a server that lets requests through, or fails them in the ways that networks know."""

from __future__ import annotations

import http.client
import socket
import threading
import time
from collections.abc import Callable
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Literal

Fault = Literal["none", "refuse", "error", "error after", "lose answer", "slow"]


class Door:
    """Forwards to `port`. `fault(n)` says what befalls the n-th request; `url` is where clients go.

    `delay`: seconds before a slow answer. `authorization`: the header without which 401 is answered. `requests` have
    come, `answered` of them have got to the server.
    """

    def __init__(
        self,
        port: int,
        fault: Callable[[int], Fault] = lambda _: "none",
        delay: float = 0.0,
        authorization: str | None = None,
    ):
        door = self
        self.fault, self.delay, self.requests, self.answered = fault, delay, 0, 0

        class Handler(BaseHTTPRequestHandler):
            def answer(self) -> None:
                door.requests += 1
                fault = door.fault(door.requests)
                body = self.rfile.read(int(self.headers.get("Content-Length") or 0))
                if authorization not in (None, self.headers.get("Authorization")):
                    self.send_error(401)
                    return
                if fault == "slow":
                    time.sleep(door.delay)
                if fault == "refuse":
                    self.connection.shutdown(socket.SHUT_RDWR)
                    self.close_connection = True
                    return
                if fault == "error":
                    self.send_error(500)
                    return
                door.answered += 1
                status, headers, answer = door.forward(port, self.command, self.path, body, dict(self.headers))
                if fault == "lose answer":  # the server has done it, and the client will never know
                    self.connection.shutdown(socket.SHUT_RDWR)
                    self.close_connection = True
                elif fault == "error after":
                    self.send_error(500)
                else:
                    self.send_response(status)
                    for name, value in headers:
                        if name.lower() not in ("transfer-encoding", "content-length", "connection", "date", "server"):
                            self.send_header(name, value)
                    self.send_header("Content-Length", str(len(answer)))
                    self.end_headers()
                    self.wfile.write(answer)

            def log_message(self, *_: object) -> None: ...

        for method in ("GET", "POST", "PUT", "PATCH", "DELETE", "HEAD"):
            setattr(Handler, f"do_{method}", Handler.answer)
        self._server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self._server.daemon_threads = True
        self.url = f"http://127.0.0.1:{self._server.server_address[1]}"
        self._thread = threading.Thread(target=self._server.serve_forever, daemon=True)
        self._thread.start()

    @staticmethod
    def forward(
        port: int, method: str, path: str, body: bytes, headers: dict[str, str]
    ) -> tuple[int, list[tuple[str, str]], bytes]:
        connection = http.client.HTTPConnection("127.0.0.1", port, timeout=60)
        try:
            connection.request(method, path, body, {**headers, "Host": f"127.0.0.1:{port}", "Connection": "close"})
            answer = connection.getresponse()
            return answer.status, answer.getheaders(), answer.read()
        finally:
            connection.close()

    def close(self) -> None:
        self._server.shutdown()
        self._server.server_close()
        self._thread.join()
