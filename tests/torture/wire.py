"""A wire to PostgreSQL that can be cut at the very message that commits."""

from __future__ import annotations

import socket
import threading
from contextlib import suppress
from typing import Self

COMMIT = b"COMMIT\x00"


class Wire:
    """Passes on everything between clients at `port` and the server, until `way` says how the next COMMIT is cut.

    before   it never leaves
    half     the server gets half of it
    unheard  the server does it, and its answer is lost
    at once  the server gets it, and nobody waits for an answer
    """

    def __init__(self, server: int) -> None:
        self.server, self.way = server, ""
        self.listener = socket.create_server(("127.0.0.1", 0))
        self.port = int(self.listener.getsockname()[1])

    def __enter__(self) -> Self:
        threading.Thread(target=self._accept, daemon=True).start()
        return self

    def __exit__(self, *_raised: object) -> None:
        self.listener.close()

    def _accept(self) -> None:
        with suppress(OSError):
            while True:
                client, _address = self.listener.accept()
                server = socket.create_connection(("127.0.0.1", self.server))
                answers = threading.Thread(target=_pass_on, args=(server, client), daemon=True)
                answers.start()
                threading.Thread(target=self._upwards, args=(client, server, answers), daemon=True).start()

    def _upwards(self, client: socket.socket, server: socket.socket, answers: threading.Thread) -> None:
        with suppress(OSError):
            while said := client.recv(65536):
                if self.way and COMMIT in said:
                    self._cut(client, server, said, answers)
                    break
                server.sendall(said)
        _close(client, server)

    def _cut(
        self, client: socket.socket, server: socket.socket, said: bytes, answers: threading.Thread
    ) -> None:
        if self.way == "half":
            server.sendall(said[: len(said) // 2])
        elif self.way == "unheard":
            client.shutdown(socket.SHUT_RDWR)  # first, so that no answer comes through
            server.sendall(said)
            answers.join(10)  # it ends with the first answer it cannot pass on
        elif self.way == "at once":
            server.sendall(said)


def _pass_on(server: socket.socket, client: socket.socket) -> None:
    with suppress(OSError):
        while said := server.recv(65536):
            client.sendall(said)


def _close(*ends: socket.socket) -> None:
    for end in ends:
        with suppress(OSError):
            end.shutdown(socket.SHUT_RDWR)
        end.close()
