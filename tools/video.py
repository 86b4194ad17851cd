"""clipzs video"""
from _start import main

if __name__ == '__main__':
    main('video')
