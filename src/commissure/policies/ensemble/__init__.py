"""Several candidates for one answer: how they are made to differ, when there are enough, and which of them is taken."""
