# train_runtime.py with the switch of MaskCLIP+: pseudo labels of the teacher
# for the first tenth of the iterations, then the student's own.
_base_ = 'train_runtime.py'
custom_hooks = [
    dict(type='VocabularyHook'),
    dict(type='RandomStateHook'),
    dict(type='SelfTrainingHook')
]
