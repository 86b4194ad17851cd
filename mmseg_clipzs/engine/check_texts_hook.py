from mmengine.hooks import Hook
from mmseg.registry import HOOKS

from mmseg_clipzs.datasets import PackImageText
from mmseg_clipzs.datasets.availability import leaf_datasets
from mmseg_clipzs.utils import UserError

from .unwrap import unwrap


@HOOKS.register_module()
class CheckTextsHook(Hook):
    """Check that the texts of the data fit the model before training.

    ``PackImageText`` and ``ImageTextContrastive`` must have the same
    ``num_nouns`` and context length. Models without a text backbone and
    datasets without ``PackImageText`` are left alone.

    Raises:
        UserError: They differ.
    """

    def before_train(self, runner):
        model = unwrap(runner.model, 'text_backbone')
        if model is None:
            return
        expected = dict(num_nouns=model.num_nouns,
                        context_length=model.text_backbone.context_length)
        for dataset in leaf_datasets(runner.train_dataloader.dataset):
            pipeline = getattr(dataset, 'pipeline', None)
            for step in getattr(pipeline, 'transforms', ()):
                if isinstance(step, PackImageText):
                    _check(step, expected)


def _check(pack, expected):
    for name, value in expected.items():
        found = getattr(pack, name)
        if found != value:
            raise UserError(
                f'PackImageText has {name}={found}, but the model has '
                f'{name}={value}. Set both to the same value.')
