"""The verb `understudy studio`, and the forms of the verbs that its page starts."""
