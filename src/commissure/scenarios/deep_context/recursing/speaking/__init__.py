"""What modelled models say in oolong: labels with errors, whole answers by a curve, code of a known program."""
