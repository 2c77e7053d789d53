"""Languages of JSON's scalars as automata: strings by code points, numbers by their digits."""
