"""clipzs check-data"""
from _start import main

if __name__ == '__main__':
    main('check_data')
