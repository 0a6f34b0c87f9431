"""How often is too often: counted in Valkey by wall time, and not at all while it is away."""

import hashlib
import logging
from functools import cache
from ipaddress import IPv6Address, IPv6Network, ip_address
from typing import Any

from django.conf import settings
from django.http import HttpRequest
from redis import Redis, RedisError
from redis.backoff import NoBackoff
from redis.retry import Retry
from rest_framework.request import Request
from rest_framework.throttling import BaseThrottle

logger = logging.getLogger(__name__)

MINUTE = 60
MAX_FORWARDED = 1000  # characters of X-Forwarded-For that are read, from its end


@cache
def counters() -> Redis:
    """No request waits for them: a tenth of a second, and no second try."""
    store = settings.CACHES["default"]
    return Redis.from_url(store["LOCATION"], **store["OPTIONS"], retry=Retry(NoBackoff(), 0))


def counter_key(what: str) -> str:
    """What is counted may name a person."""
    return f"limit:{hashlib.sha256(what.encode()).hexdigest()}"


def count_request(what: str, most: int, seconds: int) -> int:
    """Count one more of `what`. Return 0 up to `most` in `seconds`, otherwise the seconds to wait."""
    try:
        with counters().pipeline() as together:
            together.set(counter_key(what), 0, ex=seconds, nx=True)
            together.incr(counter_key(what))
            together.ttl(counter_key(what))
            _, count, left = together.execute()
    except RedisError as error:
        logger.warning("Nothing is limited: %s", error)
        return 0
    return max(left, 1) if count > most else 0


def reset_counter(what: str) -> None:
    """Reset the counter."""
    try:
        counters().delete(counter_key(what))
    except RedisError as error:
        logger.warning("A limit stays until it expires: %s", error)


def wait_after_failures(what: str, most: int) -> int:
    """Return 0 while fewer than `most` different values of `what` have failed, otherwise the seconds to wait."""
    try:
        with counters().pipeline() as together:
            together.scard(counter_key(what))
            together.ttl(counter_key(what))
            count, left = together.execute()
    except RedisError as error:
        logger.warning("Nothing is limited: %s", error)
        return 0
    return max(left, 1) if count >= most else 0


def record_failure(what: str, which: str, seconds: int) -> None:
    """Count a failure of `what` for this long. A repeated value counts once: a program may retry the wrong one."""
    try:
        with counters().pipeline() as together:
            together.sadd(counter_key(what), counter_key(which))
            together.expire(counter_key(what), seconds, nx=True)
            together.execute()
    except RedisError as error:
        logger.warning("A failure is not counted: %s", error)


def client_address(request: HttpRequest | Request) -> str:
    """Return the client's address: the last one in X-Forwarded-For that is not one of TRUSTED_PROXIES.

    Only those are trusted. Any client can write the addresses to the left.
    """
    hops = request.META.get("HTTP_X_FORWARDED_FOR", "")[-MAX_FORWARDED:].split(",")
    address: str = request.META.get("REMOTE_ADDR", "")
    while hops and is_trusted_proxy(address):
        address = hops.pop().strip() or address
    return client_network(address)


def is_trusted_proxy(address: str) -> bool:
    try:
        host = ip_address(address)
    except ValueError:
        return False
    host = getattr(host, "ipv4_mapped", None) or host
    return any(host in network for network in settings.TRUSTED_PROXIES)


def client_network(address: str) -> str:
    """Return the network of an IPv6 address, because one client has all its addresses; other addresses unchanged."""
    try:
        host = IPv6Address(address)
    except ValueError:
        return address
    return str(host.ipv4_mapped or IPv6Network((int(host), 64), strict=False))


class PerUserThrottle(BaseThrottle):
    """At most THROTTLE_PER_USER requests a minute."""

    def allow_request(self, request: Request, view: Any) -> bool:
        self.seconds = 0
        if settings.THROTTLE_PER_USER and request.user:
            self.seconds = count_request(f"requests of {request.user.pk}", settings.THROTTLE_PER_USER, MINUTE)
        return not self.seconds

    def wait(self) -> float:
        return self.seconds


def anonymous_wait(request: Request) -> int:
    """For how many seconds an address that keeps coming without a valid token has to wait."""
    most = settings.THROTTLE_PER_ADDRESS
    return count_request(f"strangers from {client_address(request)}", most, MINUTE) if most else 0
