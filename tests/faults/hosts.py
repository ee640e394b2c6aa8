"""Hosts: network namespaces with addresses of their own, behind a router that can be told to drop what it should pass on."""

import json
import os
import shutil
import signal
import subprocess
import sys
from collections.abc import Iterator, Mapping
from contextlib import ExitStack, suppress
from pathlib import Path
from types import TracebackType
from typing import Any, Final, Self

from orchestrator.processes.child import ProcessSpec

#: Names begin so, then the pid of the tests that made them: leftovers of killed tests are found by it.
_PREFIX: Final = "tcf"
#: The router's way to this machine.
_UPLINK: Final = "uplink"
#: Kept for benchmarks of networks (RFC 2544), so nobody's. One /24 of it is used.
_NETWORKS: Final = tuple(f"198.{18 + high}.{low}" for high in (0, 1) for low in range(256))


class NoNetworkError(Exception):
    """Why hosts cannot be made here."""


class Host:
    """One namespace. Its packets pass through the router, which drops them silently where it was told to."""

    def __init__(self, network: "Network", name: str, port: str, address: str) -> None:
        self.name = name
        self._network = network
        self._namespace = network.namespace(name)
        #: In the order: from the host, to the host. Rules of the router.
        self._rules = (("iif", port), ("iif", _UPLINK, "to", address))

    def cut(self, *, outward: bool = True, inward: bool = True) -> None:
        """From now on what the host sends is lost, or what is sent to it, or both. Nobody is told."""
        for rule, wanted in zip(self._rules, (outward, inward), strict=True):
            if wanted:
                self._network.route("rule", "add", *rule, "pref", "10", "blackhole")

    def heal(self) -> None:
        """Everything is passed on again."""
        for rule in self._rules:
            with suppress(subprocess.CalledProcessError):
                self._network.route("rule", "del", *rule, "pref", "10", "blackhole")

    def signal(self, number: signal.Signals) -> None:
        """Sends a signal to every process on the host."""
        for pid in _ip("netns", "pids", self._namespace).split():
            with suppress(ProcessLookupError):
                os.kill(int(pid), number)

    def worker(self, queues: str, pool: str, environ: Mapping[str, str], log: Path) -> ProcessSpec:
        """A tool worker of these queues, to be run here."""
        celery = (sys.executable, "-m", "celery", "-A", "workers.app", "worker")
        name = f"{pool}@{self.name}"
        return ProcessSpec(
            name=name,
            role="tool worker",
            prefix=("ip", "netns", "exec", self._namespace),
            command=(*celery, "-Q", queues, "-P", pool, "-c", "4", "-n", name, "--without-gossip", "--without-mingle"),
            environ=environ,
            log=log / f"{name}.log",
        )


class Network:
    """A router namespace and the hosts behind it. Leaving kills what runs on the hosts and removes every trace."""

    def __init__(self) -> None:
        self._base = f"{_PREFIX}{os.getpid()}"
        self._link = f"{self._base}up"
        self._hosts: list[Host] = []
        self._prefix = ""

    @property
    def address(self) -> str:
        """Where the hosts reach this machine."""
        return f"{self._prefix}.1"

    def __enter__(self) -> Self:
        _check()
        _sweep()
        with ExitStack() as undo:
            undo.callback(self._remove)
            self._make_router()
            undo.pop_all()
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None) -> None:
        for host in self._hosts:
            host.signal(signal.SIGKILL)
        self._remove()

    def namespace(self, name: str) -> str:
        return f"{self._base}-{name}"

    def route(self, *arguments: str) -> None:
        """An `ip` command on the router."""
        _ip("-n", self.namespace("router"), *arguments)

    def host(self, name: str) -> Host:
        """Adds a host."""
        number = len(self._hosts) + 1
        inside, port = self.namespace(name), f"p{number}"
        theirs, ours = f"{self._prefix}.{4 * number + 2}", f"{self._prefix}.{4 * number + 1}"
        host = Host(self, name, port, theirs)
        self._hosts.append(host)
        _ip("netns", "add", inside)
        _ip("link", "add", "eth0", "netns", inside, "type", "veth", "peer", "name", port, "netns", self.namespace("router"))
        self.route("address", "add", f"{ours}/30", "dev", port)
        self.route("link", "set", port, "up")
        _ip("-n", inside, "address", "add", f"{theirs}/30", "dev", "eth0")
        for device in ("lo", "eth0"):
            _ip("-n", inside, "link", "set", device, "up")
        _ip("-n", inside, "route", "add", "default", "via", ours)
        return host

    def _make_router(self) -> None:
        router = self.namespace("router")
        self._prefix = _free_prefix()
        try:
            _ip("netns", "add", router)
        except subprocess.CalledProcessError as error:
            raise NoNetworkError(f"namespaces cannot be made here: {error.stderr.strip()}") from error
        _ip("netns", "exec", router, "sh", "-c", "echo 1 > /proc/sys/net/ipv4/ip_forward")
        _ip("link", "add", self._link, "type", "veth", "peer", "name", _UPLINK, "netns", router)
        _ip("address", "add", f"{self._prefix}.1/30", "dev", self._link)
        _ip("link", "set", self._link, "up")
        self.route("address", "add", f"{self._prefix}.2/30", "dev", _UPLINK)
        self.route("link", "set", _UPLINK, "up")
        _ip("route", "add", f"{self._prefix}.0/24", "via", f"{self._prefix}.2")

    def _remove(self) -> None:
        with suppress(subprocess.CalledProcessError):
            _ip("link", "delete", self._link)
        for name in _namespaces():
            if name.startswith(f"{self._base}-"):
                _ip("netns", "delete", name)


def _check() -> None:
    if os.geteuid() != 0:
        raise NoNetworkError("namespaces need root")
    if shutil.which("ip") is None:
        raise NoNetworkError("namespaces need iproute2")


def _sweep() -> None:
    """Removes what tests left behind that were killed. Their links went with their namespaces."""
    for name in _namespaces():
        owner = name.removeprefix(_PREFIX).partition("-")[0]
        if name.startswith(_PREFIX) and owner.isdecimal() and not Path(f"/proc/{owner}").exists():
            with suppress(subprocess.CalledProcessError):
                _ip("netns", "delete", name)


def _free_prefix() -> str:
    """Three numbers of an address, of a network that nobody uses. Tests that begin at once begin to look at different places."""
    start = os.getpid() % len(_NETWORKS)
    routes: list[dict[str, Any]] = json.loads(_ip("-j", "route", "show"))
    used = [str(route["dst"]) for route in routes]
    return next(one for one in (*_NETWORKS[start:], *_NETWORKS[:start]) if not any(dst.startswith(f"{one}.") for dst in used))


def _namespaces() -> Iterator[str]:
    return (line.split()[0] for line in _ip("netns", "list").splitlines() if line)


def _ip(*arguments: str) -> str:
    return subprocess.run(("ip", *arguments), check=True, capture_output=True, text=True, timeout=30).stdout
