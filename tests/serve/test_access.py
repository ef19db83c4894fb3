from __future__ import annotations

import pytest

from car_video.errors import ConfigError
from car_video.serve.access import Access, is_loopback

LOCAL = {"host": "127.0.0.1:8765"}


@pytest.mark.parametrize(
    "host", ["127.0.0.1", "localhost", "LOCALHOST", "::1", "[::1]", "127.9.1.2"]
)
def test_loopback(host):
    assert is_loopback(host)


@pytest.mark.parametrize(
    "host", ["0.0.0.0", "192.168.1.2", "::", "example.org", "", "localhost.x"]
)
def test_other_machines(host):
    assert not is_loopback(host)


def test_no_token_is_needed_on_this_machine_alone():
    assert Access("127.0.0.1").refusal(LOCAL, {}) is None
    with pytest.raises(ConfigError, match="CAR_VIDEO_TOKEN"):
        Access("0.0.0.0")


@pytest.mark.parametrize("token", ["", "short", "nine bytes \n", "schlüssel-schlüssel"])
def test_bad_tokens(token):
    with pytest.raises(ConfigError, match="token"):
        Access("0.0.0.0", token)


@pytest.mark.parametrize(
    ("headers", "query", "refused"),
    [
        ({"authorization": "Bearer 12345678"}, {}, False),
        ({"authorization": "bearer  12345678"}, {}, False),
        ({}, {"token": "12345678"}, False),
        ({}, {}, True),
        ({"authorization": "Bearer 1234567"}, {}, True),
        ({"authorization": "Basic 12345678"}, {}, True),
        ({"authorization": "Bearer "}, {"token": "12345678"}, True),
        ({}, {"token": "ключ"}, True),
    ],
)
def test_a_token_is_asked_for(headers, query, refused):
    found = Access("0.0.0.0", "12345678").refusal(headers, query)
    assert (found == "the token is missing or wrong") is refused


@pytest.mark.parametrize(
    ("headers", "refused"),
    [
        ({**LOCAL, "origin": "http://localhost:3000"}, False),
        ({**LOCAL, "origin": "https://example.org"}, True),
        ({**LOCAL, "origin": "null"}, True),
        ({"host": "example.org:8765"}, True),
        ({"host": "[::1]:8765"}, False),
        ({}, True),
    ],
)
def test_pages_of_other_origins_stay_out_of_this_machine(headers, refused):
    assert (Access("localhost").refusal(headers, {}) is not None) is refused


def test_with_a_token_pages_of_other_origins_may_use_an_open_server():
    headers = {"authorization": "Bearer 12345678", "host": "robot", "origin": "http://x.org"}
    assert Access("0.0.0.0", "12345678").refusal(headers, {}) is None
