from .data_state_hook import DataStateHook
from .random_state_hook import RandomStateHook
from .self_training_hook import SelfTrainingHook
from .vocabulary_hook import VocabularyHook

__all__ = [
    'DataStateHook', 'RandomStateHook', 'SelfTrainingHook', 'VocabularyHook'
]
