from .data_state_hook import DataStateHook
from .group_visualization_hook import GroupVisualizationHook
from .random_state_hook import RandomStateHook
from .sample_hook import SampleHook, read_samples
from .self_training_hook import SelfTrainingHook
from .vocabulary_hook import VocabularyHook

__all__ = [
    'DataStateHook', 'GroupVisualizationHook', 'RandomStateHook',
    'SampleHook', 'SelfTrainingHook', 'VocabularyHook', 'read_samples'
]
