"""What the parts of a config are built from."""
import inspect

from mmengine.dist import init_dist
from mmengine.runner import (
    EpochBasedTrainLoop,
    IterBasedTrainLoop,
    Runner,
    ValLoop,
    set_random_seed,
)
from mmengine.utils.dl_utils import set_multi_processing
from mmseg import registry
from mmseg.registry import DATASETS, HOOKS, MODELS, TRANSFORMS

from mmseg_clipzs.clip import load_clip

# Keys that mmengine, mmseg or this package read, whether or not a config has
# them.
READ = frozenset(inspect.signature(Runner.__init__).parameters) - {
    'self', 'cfg'} | {
    'method', 'dataset_name', 'protocol', 'needs', 'tta_model',
    'tta_pipeline', 'test_pipeline', 'unseen', 'runner_type',
    'model_wrapper_cfg', 'sync_bn', 'find_unused_parameters', 'compile',
    'activation_checkpointing', 'efficient_conv_bn_eval'}

# Registries of what is built from these keys, wherever they occur.
BUILT = {
    **dict.fromkeys((
        'backbone', 'decode_head', 'auxiliary_head', 'neck', 'student',
        'teacher', 'text_backbone', 'data_preprocessor', 'loss_decode',
        'norm_cfg', 'act_cfg'), MODELS),
    **dict.fromkeys(('dataset', 'datasets'), DATASETS),
    **dict.fromkeys(('pipeline', 'transforms'), TRANSFORMS),
    'init_cfg': registry.WEIGHT_INITIALIZERS,
    'metrics': registry.METRICS,
    'optimizer': registry.OPTIMIZERS,
    'vis_backends': registry.VISBACKENDS}
REGISTRIES = [getattr(registry, name) for name in registry.__all__]
# Those of the config's own keys.
TOP = {
    **dict.fromkeys(('model', 'tta_model', 'data_preprocessor'), (MODELS, )),
    **dict.fromkeys(('val_evaluator', 'test_evaluator'), (
        registry.METRICS, registry.EVALUATOR)),
    **dict.fromkeys(('test_pipeline', 'tta_pipeline'), (TRANSFORMS, )),
    'param_scheduler': (registry.PARAM_SCHEDULERS, ),
    'custom_hooks': (HOOKS, ),
    'visualizer': (registry.VISUALIZERS, ),
    'model_wrapper_cfg': (registry.MODEL_WRAPPERS, ),
    'log_processor': (registry.LOG_PROCESSORS, )}
DEFAULTS = dict(model_wrapper_cfg='MMDistributedDataParallel',
                log_processor='LogProcessor')
LOOP_TYPES = dict(train_cfg=('IterBasedTrainLoop', 'EpochBasedTrainLoop'),
                  val_cfg=('ValLoop', ) * 2, test_cfg=('TestLoop', ) * 2)
# Loops that are not for testing.
OTHER_LOOPS = EpochBasedTrainLoop, IterBasedTrainLoop, ValLoop
# What takes a dict without a type, and arguments that are not the user's.
CALLED = {
    'clip': (load_clip, {'pretrained'}),
    'randomness': (set_random_seed, set()),
    'mp_cfg': (set_multi_processing, set()),
    'dist_cfg': (init_dist, {'timeout'})}
NAMES = {
    'env_cfg': {'cudnn_benchmark', 'mp_cfg', 'dist_cfg', 'resource_limit',
                'products'},
    'auto_scale_lr': {'enable', 'base_batch_size'},
    'paramwise_cfg': {
        'custom_keys', 'bias_lr_mult', 'bias_decay_mult', 'norm_decay_mult',
        'dwconv_decay_mult', 'flat_decay_mult', 'bypass_duplicate',
        'dcn_offset_lr_mult'}}
# Keys that builders take out before they call a class.
TAKEN = {
    HOOKS: {'priority'}, MODELS: {'requires_grad'},
    registry.METRICS: {'keep_results'},  # of ClassIoUMetric
    registry.WEIGHT_INITIALIZERS: {'override', 'layer'},
    registry.PARAM_SCHEDULERS: {'convert_to_iter_based'},
    registry.OPTIM_WRAPPERS: {'optimizer', 'constructor', 'paramwise_cfg'}}
# Names of the default hooks in configs of mmseg.
HOOK_NAMES = {'timer', 'logger', 'param_scheduler', 'checkpoint',
              'sampler_seed', 'runtime_info', 'visualization'}
LOADER = {'dataset', 'num_batch_per_epoch', 'disable_subprocess_warning'}
# Of every segmentor's own test_cfg; stock ones may have others.
TEST_SETTINGS = {'mode', 'crop_size', 'stride', 'window_batch'}
