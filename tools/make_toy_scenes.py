"""clipzs make-toy-scenes"""
from _start import main

if __name__ == '__main__':
    main('make_toy_scenes')
