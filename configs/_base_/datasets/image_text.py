# Texts of an image: the caption and prompts with nouns of it, in tokens. The
# model reads both from here.
num_nouns = 3
context_length = 77
