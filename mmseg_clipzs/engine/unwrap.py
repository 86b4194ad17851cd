def unwrap(model, attribute):
    """Find a segmentor inside DistributedDataParallel and TTA models.

    Args:
        model (nn.Module): With or without wrappers.
        attribute (str): An attribute that only the segmentor has.

    Returns:
        nn.Module | None: The outermost module with ``attribute``.
    """
    while not hasattr(model, attribute):
        if not hasattr(model, 'module'):
            return None
        model = model.module
    return model
