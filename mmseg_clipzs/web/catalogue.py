"""Methods and CLIPs that the installation offers."""
from dataclasses import dataclass


@dataclass(frozen=True)
class Choice:
    """A method and a CLIP, as their menus name them.

    Attributes:
        method (str): Name of a config.
        clip (str): ``MODEL:WEIGHTS``.
    """
    method: str
    clip: str


class Catalogue:
    """What the menus of the page show.

    Args:
        config (str): A config of the project.
        clips (Sequence[str]): More CLIPs, ``MODEL:WEIGHTS``.
    """

    def __init__(self, config, clips=()):
        self.methods = [(config, config)]
        self.clips = [("the config's", '')] + [(clip, clip) for clip in clips]
        self.default = Choice(config, '')

    def config_of(self, choice):
        """tuple[str, dict]: A choice's config, and overrides of it."""
        if not choice.clip:
            return choice.method, {}
        model, _, weights = choice.clip.partition(':')
        return choice.method, {'model.clip.model': model,
                               'model.clip.pretrained': weights}
