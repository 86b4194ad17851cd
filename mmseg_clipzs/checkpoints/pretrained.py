"""Models of Hugging Face's transformers, from a folder or the hub."""
import os
import re
from pathlib import Path

from mmseg_clipzs.utils import UserError, import_optional

from .downloads import hub_file, reason
from .weights import check_finite

_GATED = 'GatedRepoError'  # huggingface_hub's name


class Pretrained:
    """Weights of a model of transformers.

    Args:
        weights (str | Path): A folder as ``save_pretrained`` writes it, or a
            name of the hub.
        what (str): What needs it, for messages.
        extra (str): The extra of this package that installs transformers.
        usual (str): Name of the usual weights on the hub, for messages.
        option (str): How commands take a folder, for messages.
        is_gated (bool): The hub gives the usual weights to those only who
            accept their terms.

    Raises:
        UserError: No such folder, no transformers, no answer of the hub, or a
            repository that wants its terms accepted first.
    """

    def __init__(self, weights, what, extra, usual, option, is_gated=False):
        self._what, self._extra = what, extra
        self._option, self._is_gated = option, is_gated
        self._library = import_optional('transformers', extra, what)
        self._hub = str(weights)
        folder = Path(weights).expanduser()
        self._is_local = os.path.exists(folder)
        if self._is_local:
            self._hub = str(folder)
            if not (folder / 'config.json').is_file():
                raise UserError(
                    f'{what}: {folder} is no folder of transformers, which '
                    'has a config.json and a model.safetensors.')
        elif not re.fullmatch(r'[\w-]+/[\w.-]+', self._hub):
            raise UserError(f'{what}: no folder at {self._hub!r}. Pass one '
                            'that exists, or a name of the Hugging Face hub '
                            f'such as "{usual}".')
        else:
            self._expect_access()

    def model(self, name, **options):
        """Build a model and fill it.

        Args:
            name (str): Class of transformers.
            options: For its ``from_pretrained``.

        Returns:
            nn.Module: float32, on the CPU, in eval mode and frozen.

        Raises:
            UserError: Too old a transformers, or weights that are damaged,
                incomplete or of another model.
        """
        # Pickles may run code; safetensors cannot.
        model, info = self._load(name, output_loading_info=True,
                                 use_safetensors=True, **options)
        missing = sorted(info['missing_keys'])
        if missing:
            more = ', ...' * (len(missing) > 3)
            raise UserError(
                f'{self._what}: {self._hub} is of another model than {name}: '
                f'it lacks {len(missing)} weights ({", ".join(missing[:3])}'
                f'{more}).')
        check_finite(self._hub, model.state_dict())
        return model.float().eval().requires_grad_(False)

    def tokenizer(self):
        """PreTrainedTokenizerBase: That of the model."""
        return self._load('AutoTokenizer')

    def _load(self, name, **options):
        kind = getattr(self._library, name, None)
        if kind is None:
            raise UserError(
                f'{self._what} needs a newer transformers than '
                f'{self._library.__version__}, which has no {name}: pip '
                f'install -U "mmseg_clipzs[{self._extra}]".')
        try:
            return kind.from_pretrained(
                self._hub, local_files_only=self._is_local, **options)
        except Exception as e:  # transformers and safetensors raise all kinds
            raise UserError(f'{self._what}: {name} cannot be read from '
                            f'{self._hub}: {reason(e)}.') from e

    def _expect_access(self):
        """Fail within seconds; transformers tries again for a minute."""
        try:
            hub_file(self._hub, ['config.json'])
        except OSError as e:
            text = reason(e)
            page = f'https://huggingface.co/{self._hub}'
            remedy = (f'It is gated: accept its terms at {page} and log in '
                      'with "hf auth login", or fetch it elsewhere'
                      if _GATED in text else
                      f'Without a network, fetch {page} elsewhere' + (
                          ' (its terms must be accepted there)'
                          if self._is_gated else ''))
            raise UserError(
                f'{self._what}: the weights {self._hub!r} could not be '
                f'downloaded ({text}). {remedy} '
                f'and pass the folder: {self._option}.') from e
