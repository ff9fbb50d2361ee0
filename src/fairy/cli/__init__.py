"""The command line: one file for a group of commands. Nothing heavy is imported before a command needs it."""
