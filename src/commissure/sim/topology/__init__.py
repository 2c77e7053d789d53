"""How engines stand together: behind one name, one after the other, on one chip, over slower memory."""
