"""How the toy DINO is trained."""
from dataclasses import dataclass

from mmseg_clipzs.utils import check_number

ARCHITECTURE = 'toy-dino-p4'


@dataclass(frozen=True)
class ToyDinoRecipe:
    """Hyperparameters that determine the trained weights.

    Attributes:
        steps (int): Optimizer steps.
        batch_size (int): Scenes per step.
        lr (float): Peak learning rate; linear warmup, then cosine decay.
        weight_decay (float): Applied to matrices, not to biases, norms and
            embeddings.
        warmup (int): Warmup steps.
        small_crops (int): Crops of a scene beside the two large ones.
        masked_share (float): Mean share of the patches that are hidden from
            the student in a masked crop; every second crop is masked.
        prototypes (int): Size of the distributions that student and teacher
            agree on.
        momentum (float): Of the teacher, at first; it rises to 1.
        scenes (int): Size of the pool of training scenes.
        seed (int): Random seed.
        precision (str): 'bf16' (autocast) or 'fp32'.

    Raises:
        UserError: A number out of range.
    """
    steps: int = 700
    batch_size: int = 32
    lr: float = 1e-3
    weight_decay: float = .04
    warmup: int = 60
    small_crops: int = 2
    masked_share: float = .45
    prototypes: int = 128
    momentum: float = .98
    scenes: int = 4000
    seed: int = 0
    precision: str = 'bf16'

    def __post_init__(self):
        for name, within, kind in (
                ('steps', '[1, inf)', int),
                ('batch_size', '[1, inf)', int),
                ('lr', '(0, inf)', float),
                ('weight_decay', '[0, inf)', float),
                ('warmup', '[0, inf)', int),
                ('small_crops', '[0, inf)', int),
                ('masked_share', '[0, 1)', float),
                ('prototypes', '[2, inf)', int),
                ('momentum', '[0, 1]', float),
                ('scenes', f'[{self.batch_size}, inf)', int),
                ('seed', '[0, inf)', int)):
            check_number(name, getattr(self, name), within, kind)
