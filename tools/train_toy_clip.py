"""Train the toy CLIP from the toy scenes' captions.

    python tools/train_toy_clip.py --seed 0 \\
        --out work_dirs/toy-vit-p8.safetensors

takes about half an hour on two cores with bfloat16 units.
"""
from mmseg_clipzs.toy.training import main
from mmseg_clipzs.utils import run_tool

if __name__ == '__main__':
    run_tool(main)
