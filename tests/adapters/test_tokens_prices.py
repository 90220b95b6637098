import os
import subprocess
import sys

import pytest
from hypothesis import given
from hypothesis import strategies as st

from skvm.adapters import tokens
from skvm.adapters.prices import Prices, shipped_prices
from skvm.adapters.tokens import OfflineCounter
from skvm.ports import TokenCounter, Usage

COUNTER = OfflineCounter()


def test_counts_as_the_bundled_tokenizer_does():
    assert isinstance(COUNTER, TokenCounter)
    assert not COUNTER.estimated
    assert COUNTER.count("") == 0
    assert COUNTER.count("hello world, this is") == 5
    assert COUNTER.count("<|endoftext|>") > 1, "special tokens count as the text they are"


@given(st.text(), st.text())
def test_joining_never_needs_many_more(a, b):
    assert COUNTER.count(a + b) <= COUNTER.count(a) + COUNTER.count(b) + 8


def test_needs_neither_litellm_nor_network():
    code = (
        "import socket, sys\n"
        "def no(*a, **k): raise AssertionError('network')\n"
        "socket.socket.connect = socket.getaddrinfo = no\n"
        "from skvm.adapters.tokens import OfflineCounter\n"
        "assert OfflineCounter().count('hello world, this is') == 5\n"
        "assert 'litellm' not in sys.modules and 'TIKTOKEN_CACHE_DIR' not in __import__('os').environ\n"
    )
    env = {k: v for k, v in os.environ.items() if k != "TIKTOKEN_CACHE_DIR"}
    subprocess.run([sys.executable, "-c", code], check=True, env=env)


def test_estimate_is_said_to_be_one(monkeypatch):
    monkeypatch.setattr(tokens, "_bundled", lambda: None)
    counter = OfflineCounter()
    assert counter.estimated
    assert counter.count("12345678") == 2
    assert counter.count("123456789") == 3


LIST = Prices(
    {"a/big": {"input": 2, "output": 8, "cached": 0.2}, "b/big": {"input": 3, "output": 9}, "a/one": {"input": 1, "output": 1}}
)


def test_price_of_a_call():
    assert LIST.cost("a/big", Usage(prompt=1_000_000, completion=500_000, cached=250_000)) == pytest.approx(1.5 + 0.05 + 4)
    assert LIST.cost("b/big", Usage(prompt=1_000_000, cached=1_000_000)) == pytest.approx(3), "no cached price: the full one"


def test_unknown_is_unknown():
    assert LIST.cost("a/other", Usage(prompt=1)) is None
    assert LIST.of("big") is None, "two providers ask different prices"
    assert LIST.of("one") is not None
    assert LIST.of("c/one") is None, "another provider may ask another price"
    assert LIST.of("openrouter/a/big") == LIST.of("a/big")


def test_shipped_list_is_read():
    assert shipped_prices().of("openai/gpt-5.4") is not None
