"""What can be served: each source is a small class whose ``blocks(stop)`` yields its rows."""
