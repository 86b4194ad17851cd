"""Shared by testing and training."""


def name_visualizer(cfg, name=None):
    """Give each run its own visualizer: mmengine keeps them by name.

    With one name for all, a second run in the same process would write its
    pictures and scalars into the folder of the first.

    Args:
        cfg (Config): With ``work_dir``; changed in place.
        name (str, optional): Instead of the work dir.
    """
    if cfg.get('visualizer'):
        cfg.visualizer.name = str(name or cfg.work_dir)
