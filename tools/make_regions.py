"""clipzs make-regions"""
from _start import main

if __name__ == '__main__':
    main('make_regions')
