# SPDX-License-Identifier: GPL-3.0-or-later
"""Speaks to a charon over its control socket (the "vici" protocol), for facts and for actions."""

import socket
import struct

REQUEST, RESPONSE, UNKNOWN, REGISTER, UNREGISTER, CONFIRM, EVENT_UNKNOWN, EVENT = range(8)
SECTION, SECTION_END, PAIR, LIST, ITEM, LIST_END = range(1, 7)


class ViciError(Exception):
    pass


def _encode(message):
    out = bytearray()
    for key, value in message.items():
        name = struct.pack("B", len(key)) + key.encode()
        if isinstance(value, dict):
            out += bytes([SECTION]) + name + _encode(value) + bytes([SECTION_END])
        elif isinstance(value, list):
            out += bytes([LIST]) + name
            for item in value:
                out += bytes([ITEM]) + struct.pack(">H", len(item)) + item.encode()
            out += bytes([LIST_END])
        else:
            text = str(value).encode()
            out += bytes([PAIR]) + name + struct.pack(">H", len(text)) + text
    return bytes(out)


def _decode(data):
    stack, items, position = [{}], None, 0

    def take(width):
        nonlocal position
        size = int.from_bytes(data[position:position + width], "big")
        position += width + size
        return data[position - size:position].decode("utf-8", "replace")

    while position < len(data):
        kind = data[position]
        position += 1
        if kind == SECTION:
            section = {}
            stack[-1][take(1)] = section
            stack.append(section)
        elif kind == SECTION_END:
            stack.pop()
        elif kind == PAIR:
            key = take(1)
            stack[-1][key] = take(2)
        elif kind == LIST:
            items = stack[-1].setdefault(take(1), [])
        elif kind == ITEM:
            items.append(take(2))
        elif kind == LIST_END:
            items = None
        else:
            raise ViciError(f"element type {kind}")
    return stack[0]


class Vici:
    def __init__(self, path, timeout=8):
        self.socket = socket.socket(socket.AF_UNIX)
        self.socket.settimeout(timeout)
        try:
            self.socket.connect(path)
        except OSError:
            self.socket.close()
            raise

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.socket.close()

    def _send(self, kind, name, message=b""):
        packet = bytes([kind, len(name)]) + name.encode() + message
        self.socket.sendall(struct.pack(">I", len(packet)) + packet)

    def _read(self, size):
        data = b""
        while len(data) < size:
            part = self.socket.recv(size - len(data))
            if not part:
                raise ViciError("charon closed its control socket")
            data += part
        return data

    def _receive(self):
        packet = self._read(struct.unpack(">I", self._read(4))[0])
        return packet[0], packet[1:]

    def call(self, command, message=None, event=None):
        """The response; with event, the list of the events that came before it."""
        if event:
            self._send(REGISTER, event)
            if self._receive()[0] != CONFIRM:
                raise ViciError(f"no event {event}")
        self._send(REQUEST, command, _encode(message or {}))
        events = []
        while True:
            kind, body = self._receive()
            if kind == EVENT:
                events.append(_decode(body[1 + body[0]:]))
            elif kind == RESPONSE:
                return events if event else _decode(body)
            else:
                raise ViciError(f"no command {command}")
