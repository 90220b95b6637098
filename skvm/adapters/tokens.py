"""Count tokens offline with the byte-pair file that litellm carries, without importing litellm (2 s) or any network.

The encoding is `cl100k_base`, which litellm itself uses for every model it has no own tokenizer for. Where the file or tiktoken
is missing the count is an estimate of four UTF-8 bytes a token, and `estimated` says so.
"""

from __future__ import annotations

import importlib.util
import os
import threading
from pathlib import Path
from typing import Any

ENCODING = "cl100k_base"
# tiktoken caches a file under the SHA-1 of the address it comes from; litellm ships it under that name.
_FILE = "9b5ad71b2ce5302211f9c61530b329a4922fc6a4"
_BYTES_PER_TOKEN = 4
_LOCK = threading.Lock()


class OfflineCounter:
    """A TokenCounter. The tokenizer is loaded at the first count (about 0.2 s)."""

    def __init__(self) -> None:
        self._encoding: Any = None
        self._loaded = False

    @property
    def estimated(self) -> bool:
        """Are counts estimates because no tokenizer could be loaded."""
        self._load()
        return self._encoding is None

    def count(self, text: str) -> int:
        """Number of tokens of `text`; special tokens count as plain text."""
        self._load()
        if self._encoding is None:
            return -(-len(text.encode("utf-8", "replace")) // _BYTES_PER_TOKEN)
        return len(self._encoding.encode_ordinary(text))

    def _load(self) -> None:
        if not self._loaded:
            with _LOCK:
                if not self._loaded:
                    self._encoding = _load_encoding()
                    self._loaded = True


def _load_encoding() -> Any:
    """The encoding, or None where it would have to be downloaded."""
    folder = _bundled()
    if folder is None:
        return None
    before = os.environ.get("TIKTOKEN_CACHE_DIR")
    os.environ["TIKTOKEN_CACHE_DIR"] = str(folder)
    try:
        import tiktoken

        return tiktoken.get_encoding(ENCODING)
    except (ImportError, OSError, ValueError):
        return None
    finally:
        if before is None:
            del os.environ["TIKTOKEN_CACHE_DIR"]
        else:
            os.environ["TIKTOKEN_CACHE_DIR"] = before


def _bundled() -> Path | None:
    """litellm's folder of tokenizer files, found without importing litellm."""
    spec = importlib.util.find_spec("litellm")
    for root in (spec.submodule_search_locations or ()) if spec else ():
        folder = Path(root) / "litellm_core_utils" / "tokenizers"
        if (folder / _FILE).is_file():
            return folder
    return None
