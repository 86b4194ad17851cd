def unwrap(model, attribute):
    """Look for a segmentor inside DistributedDataParallel and TTA models.

    Args:
        model (nn.Module): With or without wrappers.
        attribute (str): What the segmentor has and the wrappers lack.

    Returns:
        nn.Module | None: The outermost module with ``attribute``.
    """
    while not hasattr(model, attribute):
        if not hasattr(model, 'module'):
            return None
        model = model.module
    return model
