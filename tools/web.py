"""clipzs web"""
from _start import main

if __name__ == '__main__':
    main('web')
