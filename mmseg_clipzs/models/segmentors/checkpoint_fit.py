"""Whether a checkpoint belongs to a model."""
from mmseg_clipzs.utils import UserError


def check_fit(model, state):
    """Refuse the checkpoint of another model.

    mmengine loads non-strictly and would keep the entries that fit.

    Args:
        model (nn.Module): Its ``describe()``, if any, is for the message.
        state (dict[str, Tensor]): All weights of the checkpoint.

    Raises:
        UserError: A weight of the model is missing or has another shape.
    """
    own = model.state_dict()
    fits = [key for key, value in own.items()
            if key in state and state[key].shape == value.shape]
    if len(fits) < len(own):
        describe = getattr(model, 'describe', lambda: type(model).__name__)
        raise UserError(
            f'The checkpoint belongs to another model: it fits {len(fits)} of '
            f'the {len(own)} weights of {describe()}. Its first entries are '
            f'{list(state)[:3]}, this model\'s {list(own)[:3]}.')
