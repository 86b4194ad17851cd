"""clipzs export-student"""
from _start import main

if __name__ == '__main__':
    main('export_student')
