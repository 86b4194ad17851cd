from .atomic_checkpoint_hook import AtomicCheckpointHook
from .average_statistics_hook import AverageStatisticsHook
from .bfloat16_optim_wrapper import Bfloat16OptimWrapper
from .check_texts_hook import CheckTextsHook
from .check_weights_hook import CheckWeightsHook
from .data_state_hook import DataStateHook
from .global_batch_runner import GlobalBatchRunner
from .group_visualization_hook import GroupVisualizationHook
from .image_files_hook import ImageFilesHook
from .prediction_samples_hook import PredictionSamplesHook, read_samples
from .random_state_hook import RandomStateHook
from .self_training_hook import SelfTrainingHook
from .vocabulary_hook import VocabularyHook

__all__ = [
    'AtomicCheckpointHook', 'AverageStatisticsHook', 'Bfloat16OptimWrapper',
    'CheckTextsHook', 'CheckWeightsHook', 'DataStateHook',
    'GlobalBatchRunner', 'GroupVisualizationHook', 'ImageFilesHook',
    'PredictionSamplesHook', 'RandomStateHook', 'SelfTrainingHook',
    'VocabularyHook', 'read_samples'
]
