"""Results of verbs as JSON: the flag --json, one dataclass for each verb, and the manual page made from them."""
