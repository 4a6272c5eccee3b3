"""The command line; each verb is a dataclass whose fields are its flags."""
