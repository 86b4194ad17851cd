"""clipzs make-coco-object"""
from _start import main

if __name__ == '__main__':
    main('make_coco_object')
