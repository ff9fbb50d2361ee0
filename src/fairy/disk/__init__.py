"""Files that appear whole or not at all, locks, tables that users write."""
