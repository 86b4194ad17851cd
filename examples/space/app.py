"""The page on a Hugging Face Space: see README.md."""
import os
import sys

from clipzs import main

# Variables of the Space's settings, and their defaults.
CONFIG = os.environ.get('CONFIG', 'naclip_voc')
PORT = os.environ.get('PORT', '7860')  # where a Space is expected

if __name__ == '__main__':
    sys.argv[1:] = ['web', '--config', CONFIG, '--host', '0.0.0.0',
                    '--port', PORT]
    main()
