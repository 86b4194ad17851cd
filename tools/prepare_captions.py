"""clipzs prepare-captions"""
from _start import main

if __name__ == '__main__':
    main('prepare_captions')
