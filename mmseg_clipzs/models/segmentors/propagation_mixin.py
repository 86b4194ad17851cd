"""The part of a segmentor that propagates scores over an image."""
from mmseg_clipzs.proxy import load_proxy


class PropagationMixin:
    """Propagation of scores in an ``EncoderDecoder``.

    Attributes:
        input_stats (tuple): Mean and std of the inputs, RGB for images in
            [0, 1].
        propagation (Propagation | None): How.
        propagation_proxy (Proxy): Supplies the features of the graph.
    """
    propagation = None

    def _use_propagation(self, propagation):
        """Propagate scores from now on.

        Args:
            propagation (Propagation | None): How.

        Raises:
            UserError: Weights of the proxy that cannot be loaded.
        """
        self.propagation = propagation
        if propagation is not None:
            # In the backbone's precision.
            self.propagation_proxy = load_proxy(
                **propagation.proxy,
                setting='model.propagation.proxy.pretrained',
                dtype=next(self.backbone.parameters()).dtype)

    def _graphs(self, images, grid):
        """Connect the patches of images.

        Args:
            images (Tensor): (N, 3, h, w), normalised.
            grid (WindowGrid): Their windows.

        Returns:
            tuple[PatchGraph]: One per image; empty without propagation.
        """
        if self.propagation is None:
            return ()
        features = grid.assemble(
            self.propagation_proxy.look(
                windows, self.input_stats, self.propagation.part)
            for windows, in self._batches((images, ), grid))
        return tuple(
            self.propagation.graph(one, grid) for one in features)

    def _propagate(self, scores, graphs, grid):
        """Scores (N, Q, I, J) of windows side by side, propagated if wanted.

        See :meth:`Propagation.__call__`.
        """
        return scores if self.propagation is None else self.propagation(
            scores, graphs, grid)
