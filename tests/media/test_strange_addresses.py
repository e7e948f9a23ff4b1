"""An address that two parsers read as two hosts is opened by neither."""

import pytest

from livecc_assets.core.errors import UserError
from livecc_assets.media.live_address import live_address
from livecc_assets.web.sources import address_source

STRANGE = [
    "http://127.0.0.1:8000\\@allowed.example/x",
    "http://allowed.example\\.internal/x",
    "http://allowed.example\x7f/x",
    "rtsp://10.0.0.1\\@allowed.example/x",
]


@pytest.mark.parametrize("address", STRANGE)
def test_a_backslash_does_not_hide_a_host(address: str) -> None:
    with pytest.raises(UserError, match="names no host"):
        live_address(address)
    with pytest.raises(UserError, match="names no host"):
        address_source(address, 0.0, frozenset({"allowed.example"}))
