"""clipzs choose-templates"""
from _start import main

if __name__ == '__main__':
    main('choose_templates')
