"""TIPSv2's towers, by the names of open_clip's (transformers' ``tipsv2``).

Its text tower is trained against patches as well as whole images. Image and
text have one width, without projections.
"""
from torch import nn

from mmseg_clipzs.checkpoints.pretrained import Pretrained
from mmseg_clipzs.utils import UserError, import_optional

_WHAT, _EXTRA = 'TIPSv2 (clip=dict(model="tipsv2"))', 'foreign'


class Tipsv2(nn.Module):
    """Both towers.

    Args:
        model (nn.Module): ``Tipsv2Model`` of transformers.

    Attributes:
        visual (nn.Module): Its image tower, with ``output_dim``.
        text_pool_type (str): Of open_clip; not the text's last token.
    """
    text_pool_type = 'mean'

    def __init__(self, model):
        super().__init__()
        self.visual, self.text = model.vision_model, model.text_model
        self.visual.output_dim = model.config.vision_config.hidden_size
        self.logit_scale = nn.Parameter(
            -model.temperature.detach().float().log(), requires_grad=False)

    def encode_text(self, tokens):
        """(N, L) int64 tokens, 0 for padding -> (N, D) features."""
        return self.text(
            input_ids=tokens, attention_mask=(tokens != 0).long(),
            return_dict=True).pooler_output


class _Tokenizer:
    """list of N str -> (N, L) int64, 0 for padding."""

    def __init__(self, tokenizer, length):
        self._tokenizer, self._length = tokenizer, length

    def __call__(self, texts):
        return self._tokenizer(
            list(texts), padding='max_length', truncation=True,
            max_length=self._length, return_tensors='pt').input_ids


def load_tipsv2(pretrained):
    """Load both towers and the tokenizer.

    Args:
        pretrained (str | Path | None): A folder of transformers or a name of
            the hub ('google/tipsv2-b14'); None for random weights.

    Returns:
        tuple: :class:`Tipsv2` in float32, and the tokenizer.

    Raises:
        UserError: See :class:`.Pretrained`.
    """
    if pretrained is None:
        library = import_optional('transformers', _EXTRA, _WHAT)
        model = library.Tipsv2Model(library.Tipsv2Config()).eval()
        model.requires_grad_(False)
        tokenizer = library.Tipsv2Tokenizer()
    else:
        source = Pretrained(pretrained, _WHAT, _EXTRA, 'google/tipsv2-b14',
                            '--clip tipsv2:FOLDER')
        model, tokenizer = source.model('Tipsv2Model'), source.tokenizer()
        size = model.config.text_config.vocab_size
        if not size // 2 < len(tokenizer) <= size:
            raise UserError(
                f'{_WHAT}: the tokenizer in {pretrained} has '
                f'{len(tokenizer)} tokens, but the text tower {size}: copy '
                'all files of the repository.')
    length = model.config.text_config.max_position_embeddings
    return Tipsv2(model), _Tokenizer(tokenizer, length)
