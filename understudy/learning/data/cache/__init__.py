"""Cache on disk of encoded and labelled episodes, and of what the slower levels say about them."""
