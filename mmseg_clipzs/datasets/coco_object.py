from mmseg.datasets import COCOStuffDataset
from mmseg.registry import DATASETS

_THINGS = 80  # COCO-Stuff's first classes are COCO's objects
_UNLABELLED = 255


@DATASETS.register_module()
class CocoObjectDataset(COCOStuffDataset):
    """COCO-Object: 80 objects and background, from COCO-Stuff's annotations.

    The files are those of ``COCOStuffDataset``; stuff, and what nobody
    labelled, becomes class 0 while it is loaded.

    Args:
        kwargs: As for ``COCOStuffDataset``.
    """
    METAINFO = dict(
        classes=('background', *COCOStuffDataset.METAINFO['classes'][:_THINGS]
                 ),
        palette=[[0, 0, 0], *COCOStuffDataset.METAINFO['palette'][:_THINGS]])

    @classmethod
    def get_label_map(cls, new_classes=None):
        """dict[int, int]: COCO-Stuff's label -> label here."""
        stuff = range(_THINGS, len(COCOStuffDataset.METAINFO['classes']))
        return {**{thing: thing + 1 for thing in range(_THINGS)},
                **dict.fromkeys([*stuff, _UNLABELLED], 0)}
