"""Label values with a meaning of their own."""

IGNORE_INDEX = 255  # mmseg's: the pixel does not count
HIDDEN_LABEL = -1  # not labelled, or the label is hidden from training
