from mmengine.hooks import Hook
from mmengine.model import is_model_wrapper
from mmseg.registry import HOOKS

from mmseg_clipzs.datasets import PackImageText
from mmseg_clipzs.utils import UserError


@HOOKS.register_module()
class CheckTextsHook(Hook):
    """Check that the texts of the data fit the model before training.

    ``PackImageText`` and ``ImageTextContrastive`` must have the same
    ``num_nouns`` and context length.

    Raises:
        UserError: They differ.
    """

    def before_train(self, runner):
        model = runner.model
        model = model.module if is_model_wrapper(model) else model
        length = model.text_backbone.positional_embedding.size(0)
        for pack in runner.train_dataloader.dataset.pipeline.transforms:
            if not isinstance(pack, PackImageText):
                continue
            for name, data, wanted in (
                    ('num_nouns', pack.num_nouns, model.num_nouns),
                    ('context_length', pack.context_length, length)):
                if data != wanted:
                    raise UserError(
                        f'PackImageText has {name}={data}, but the model has '
                        f'{name}={wanted}. Set both to the same value.')
