"""clipzs train-toy-clip"""
from _start import main

if __name__ == '__main__':
    main('train_toy_clip')
