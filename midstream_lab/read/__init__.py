"""Files of one's own as sequences."""
