# train_runtime.py with MaskCLIP+'s switch: the teacher's pseudo labels for the
# first tenth of the iterations, then the student's own.
_base_ = 'train_runtime.py'
custom_hooks = [
    dict(type='VocabularyHook'),
    dict(type='RandomStateHook'),
    dict(type='SelfTrainingHook')
]
