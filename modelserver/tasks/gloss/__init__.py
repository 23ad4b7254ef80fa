"""Messages in six languages, told word by word in English to a model that reads only that."""
