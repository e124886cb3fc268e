"""A firmware's question, and no machine around it: python firmware.py INTERFACE MAC ARCHITECTURE [ipxe].

Broadcasts one DHCPDISCOVER as a PXE client does (RFC 4578), then asks what answered as far as TFTP; prints as JSON what
came. Runs in a network namespace of its own, so it needs the standard library alone.
"""

from __future__ import annotations

import json
import socket
import struct
import sys
import time

_COOKIE = b"\x63\x82\x53\x63"
_SECONDS = 2.0


def _option(code: int, value: bytes) -> bytes:
    return bytes([code, len(value)]) + value


def _packet(kind: int, mac: bytes, architecture: int, *, ipxe: bool) -> bytes:
    head = struct.pack("!BBBBIHH4s4s4s4s16s64s128s", 1, 1, 6, 0, 0xB5, 0, 0x8000, *[bytes(4)] * 4, mac, b"", b"")
    options = [_option(53, bytes([kind])), _option(55, bytes([1, 3, 43, 54, 60, 66, 67]))]
    options += [_option(60, f"PXEClient:Arch:{architecture:05}:UNDI:003016".encode())]
    options += [_option(93, struct.pack("!H", architecture)), _option(94, b"\x01\x03\x10"), _option(97, bytes(17))]
    # iPXE's encapsulated options (ipxe.org/howto/dhcpd): it understands HTTP.
    options += [_option(175, b"\x13\x01\x01"), _option(77, b"iPXE")] if ipxe else []
    return head + _COOKIE + b"".join(options) + b"\xff"


def _told(packet: bytes) -> dict[str, str]:
    yours, server = packet[16:20], packet[20:24]
    told = {"address": socket.inet_ntoa(yours), "server": socket.inet_ntoa(server)}
    told["file"] = packet[108:236].split(b"\0", 1)[0].decode()
    at = 240
    while at < len(packet) and packet[at] != 255:
        code, length = packet[at], packet[at + 1]
        value = packet[at + 2 : at + 2 + length]
        if code in {54, 60, 67}:
            told[str(code)] = socket.inet_ntoa(value) if code == 54 else value.rstrip(b"\0").decode()
        at += 2 + length
    return told


def _ask(sender: socket.socket, packet: bytes, to: tuple[str, int]) -> list[dict[str, str]]:
    sender.sendto(packet, to)
    answers: list[dict[str, str]] = []
    end = time.monotonic() + _SECONDS
    while (left := end - time.monotonic()) > 0 and not answers:
        sender.settimeout(left)
        try:
            answers.append(_told(sender.recv(2048)))
        except TimeoutError:
            break
    return answers


def main(link: str, mac: str, architecture: str, *more: str) -> None:
    """Ask by broadcast, then the answering server's port 4011 as firmware does."""
    chaddr, ipxe = bytes.fromhex(mac.replace(":", "")), "ipxe" in more
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as sender:
        sender.setsockopt(socket.SOL_SOCKET, socket.SO_BROADCAST, 1)
        sender.setsockopt(socket.SOL_SOCKET, socket.SO_BINDTODEVICE, link.encode())
        sender.bind(("", 68))
        offers = _ask(sender, _packet(1, chaddr, int(architecture), ipxe=ipxe), ("255.255.255.255", 67))
        acks = []
        if offers and not offers[0]["file"]:
            acks = _ask(sender, _packet(3, chaddr, int(architecture), ipxe=ipxe), (offers[0]["54"], 4011))
    sys.stdout.write(json.dumps({"offers": offers, "acks": acks}))


if __name__ == "__main__":
    main(*sys.argv[1:])
