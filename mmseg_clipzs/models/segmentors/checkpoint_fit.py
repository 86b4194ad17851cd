"""Whether a checkpoint belongs to a model."""
from mmseg_clipzs.checkpoints import check_kinds
from mmseg_clipzs.utils import UserError

_BACKGROUND = 'conv_seg.background'


def check_fit(model, state):
    """Refuse the checkpoint of another model.

    mmengine loads non-strictly and would keep the entries that fit.

    Args:
        model (nn.Module): Its ``describe()``, if any, is for the message.
        state (dict[str, Tensor]): All weights of the checkpoint.

    Raises:
        UserError: A weight of the model is missing, has another shape or is
            no floating-point number, or the checkpoint has a learnt
            background and the model has none.
    """
    own = model.state_dict()
    check_kinds('The checkpoint', state, own)
    missing = [key for key in own if key not in state]
    reshaped = [key for key, value in own.items()
                if key in state and state[key].shape != value.shape]
    unknown = [key for key in state if key not in own]
    # Without it, no pixel would be predicted as background.
    forgotten = [key for key in unknown if key.endswith(_BACKGROUND)]
    if not (missing or reshaped or forgotten):
        return
    described = getattr(model, 'describe', lambda: type(model).__name__)()
    said = [f'The checkpoint belongs to another model: it fits '
            f'{len(own) - len(missing) - len(reshaped)} of the {len(own)} '
            f'weights of {described}.']
    said += [f'{key} is {tuple(state[key].shape)} in the checkpoint, but '
             f'{tuple(own[key].shape)} in the model.' for key in reshaped[:3]]
    if missing:
        said.append(f'The checkpoint lacks {_first(missing)}.')
    if unknown:
        said.append(f'The model lacks {_first(forgotten or unknown)}.')
    if forgotten:
        said.append('The checkpoint was trained with learn_background=True, '
                    'which the config does not have.')
    elif any(key.endswith(_BACKGROUND) for key in missing):
        said.append('The config has learn_background=True, but the checkpoint '
                    'was trained without it.')
    raise UserError(' '.join(said))


def _first(keys):
    """str: Up to three names and how many there are."""
    more = f' and {len(keys) - 3} more' * (len(keys) > 3)
    return ', '.join(keys[:3]) + more
