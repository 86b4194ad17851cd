# Noun prompts per image besides its caption, and tokens per text. Shared by
# data and model.
num_nouns = 3
context_length = 77
