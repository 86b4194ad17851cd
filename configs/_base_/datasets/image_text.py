# Texts of an image: its caption and prompts with nouns of the caption; tokens
# of a text. Data and model both read them from here.
num_nouns = 3
context_length = 77
