"""The verbs about decisions online: serving, its keys, and its log."""
