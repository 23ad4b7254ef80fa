"""The chat-completions API: requests read strictly, answers written so that any SDK reads them."""
