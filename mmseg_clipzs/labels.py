"""Special values in label maps."""

IGNORE_INDEX = 255  # mmseg's: ignored pixels
HIDDEN_LABEL = -1  # unlabelled pixels, to be given pseudo labels
