"""What methods need: the groups of the leaderboard."""
from .field import METHODS_OF_THE_FIELD
from .methods import METHODS
from .students import students

# In the order of the groups. None: of a method that is not in the tables.
NEEDS = {
    'clip': 'CLIP alone',
    'network': 'CLIP and a second network',
    'masks': 'CLIP and masks of regions',
    'trained': 'Trained models',
    None: 'Other models',
}


def needs_of(method):
    """What a method needs.

    Args:
        method (str): Its title.

    Returns:
        str | None: Key of :data:`NEEDS`.
    """
    for entry in METHODS.values():
        if entry['title'] == method:
            return entry.get('needs', 'clip')
    if method in METHODS_OF_THE_FIELD:
        return METHODS_OF_THE_FIELD[method][0]
    if any(student.title == method for student in students()):
        return 'trained'
    return None
