"""How the toy CLIP is trained."""
from dataclasses import dataclass

from mmseg_clipzs.utils import check_number

ARCHITECTURE = 'toy-vit-p8'


@dataclass(frozen=True)
class ToyClipRecipe:
    """Hyperparameters that determine the trained weights.

    Attributes:
        steps (int): Optimizer steps.
        batch_size (int): Image-text pairs per step.
        lr (float): Peak learning rate; linear warmup, then cosine decay.
        weight_decay (float): Applied to matrices, not to biases, norms and
            embeddings.
        warmup (int): Warmup steps.
        patch_dropout (float): Share of patches dropped during the first three
            quarters of training, for speed.
        late_share (float): Share of steps in which the class token sees
            the patches in the last block only.
        scenes (int): Size of the pool of training scenes.
        seed (int): Random seed.
        precision (str): 'bf16' (autocast) or 'fp32'.

    Raises:
        UserError: A number out of range.
    """
    steps: int = 2600
    batch_size: int = 128
    lr: float = 1e-3
    weight_decay: float = .1
    warmup: int = 100
    patch_dropout: float = .5
    late_share: float = .3
    scenes: int = 20000
    seed: int = 0
    precision: str = 'bf16'

    def __post_init__(self):
        for name, within, kind in (
                ('steps', '[1, inf)', int),
                ('batch_size', '[1, inf)', int),
                ('lr', '(0, inf)', float),
                ('weight_decay', '[0, inf)', float),
                ('warmup', '[0, inf)', int),
                ('patch_dropout', '[0, 1)', float),
                ('late_share', '[0, 1]', float),
                ('scenes', f'[{self.batch_size}, inf)', int),
                ('seed', '[0, inf)', int)):
            check_number(name, getattr(self, name), within, kind)
