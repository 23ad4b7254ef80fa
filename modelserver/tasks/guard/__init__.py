"""Is a text a jailbreak or a prompt injection: disguises off, windows, one score."""
