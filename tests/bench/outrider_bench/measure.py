# SPDX-License-Identifier: GPL-3.0-or-later
"""What a tunnel does, from the ends that talk through it."""

import json
import re
import statistics
import subprocess
import time

from .place import BenchError, cpu_seconds, stop, wait_until

PORT = 5201
RATE_PORT = 7000


def tcp(client, gateway, tunnel, seconds, down, streams=1):
    """(Gbit/s received, CPU seconds of the client's tunnel process per 1e9 octets)"""
    server = gateway.start("iperf3", "iperf3", "--server", "--one-off", "--port", PORT)
    wait_until("iperf3", lambda: f":{PORT}" in gateway.run("ss", "-ltn"))
    before = cpu_seconds(tunnel.pid)
    text = client.run("iperf3", "--client", tunnel.inside, "--port", PORT, "--time", seconds,
                      "--parallel", streams, "--congestion", "cubic", "--json",
                      *(["--reverse"] if down else []), timeout=seconds + 30)
    spent = cpu_seconds(tunnel.pid) - before
    stop(server)
    gateway.processes.remove(server)
    received = json.loads(text)["end"]["sum_received"]
    if received["bytes"] == 0:
        raise BenchError(f"{tunnel.name}: nothing came through")
    return received["bits_per_second"] / 1e9, spent / (received["bytes"] / 1e9)


def packets(client, gateway, tunnel, program, seconds, down):
    """64-octet datagrams that arrive in a second, offered without limit."""
    sender, receiver = (gateway, client) if down else (client, gateway)
    target = tunnel.inside
    if down:
        route = json.loads(client.run("ip", "-j", "route", "get", tunnel.inside))
        target = route[0].get("prefsrc")
    process = receiver.start("udp-rate", program, "receive", RATE_PORT, seconds)
    wait_until("udp-rate", lambda: "ready" in process.log.read_text())
    sender.run(program, "send", target, RATE_PORT, seconds + 0.2, 64, timeout=seconds + 30)
    process.wait(seconds + 30)
    receiver.processes.remove(process)
    return float(re.search(r"rate (\d+)", process.log.read_text())[1])


def ping(client, tunnel, count):
    """The median round trip, milliseconds."""
    text = client.run("ping", "-i", "0.01", "-c", count, tunnel.inside, timeout=count * 0.01 + 20)
    return statistics.median(float(t) for t in re.findall(r"time=([\d.]+)", text))


def settle(tunnels, limit=60.0):
    """Waits until what was queued has left: some tunnels queue for seconds."""
    pids = [pid for tunnel in tunnels for pid in (tunnel.pid, tunnel.gateway_pid) if pid]
    end = time.monotonic() + limit
    while time.monotonic() < end:
        before = sum(map(cpu_seconds, pids))
        time.sleep(0.2)
        if sum(map(cpu_seconds, pids)) - before < 0.004:
            return
    raise BenchError("a tunnel does not come to rest")


def build(root, directory):
    """A release build of what the bench runs."""
    if not (directory / "build.ninja").exists():
        subprocess.run(["meson", "setup", directory, root, "--buildtype=release"], check=True,
                       stdout=subprocess.DEVNULL)
    subprocess.run(["ninja", "-C", directory, "tests/bench/esp-peer", "tests/bench/udp-rate"],
                   check=True, stdout=subprocess.DEVNULL)
