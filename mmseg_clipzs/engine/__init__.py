from .bfloat16_optim_wrapper import Bfloat16OptimWrapper
from .data_state_hook import DataStateHook
from .group_visualization_hook import GroupVisualizationHook
from .random_state_hook import RandomStateHook
from .sample_hook import SampleHook, read_samples
from .self_training_hook import SelfTrainingHook
from .vocabulary_hook import VocabularyHook

__all__ = [
    'Bfloat16OptimWrapper', 'DataStateHook', 'GroupVisualizationHook',
    'RandomStateHook', 'SampleHook', 'SelfTrainingHook', 'VocabularyHook',
    'read_samples'
]
