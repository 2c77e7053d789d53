"""What a model's tokens spell: one reader a file format, and the trie of all tokens."""

from commissure.kernels.grammar.vocabulary.sources import load
from commissure.kernels.grammar.vocabulary.trie import Trie
from commissure.kernels.grammar.vocabulary.vocabulary import Vocabulary

__all__ = ["Trie", "Vocabulary", "load"]
