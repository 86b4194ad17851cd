# The method of own_method.py on the toy scenes.
#
#     PYTHONPATH=examples/own_method \
#         clipzs test examples/own_method/sharp_toy.py
_base_ = '../../configs/naclip_toy.py'
custom_imports = dict(
    imports=['mmseg_clipzs', 'own_method'], allow_failed_imports=False)
method = 'Sharp'
# The base has a string here, so _delete_: replace it, do not merge.
model = dict(backbone=dict(
    last_block=dict(type='sharp', sharpness=2., _delete_=True)))
