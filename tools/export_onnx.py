"""clipzs export-onnx"""
from _start import main

if __name__ == '__main__':
    main('export_onnx')
