"""mIoU measured by this project on the toy scenes, in percent.

100 held-out scenes, 12 classes; toy CLIPs trained with seeds 0, 1 and 2. The
docs have the commands next to the tables.
"""
# Windows of 64 (METHOD_toy): seeds 0, 1, 2, and for some methods seed 0 on the
# whole image.
WINDOWS = {
    'clip_b':            (28.17, 30.29, 29.16, 15.62),
    'maskclip_b':        (74.32, 80.52, 74.89, 64.97),
    'sclip':             (76.32, 82.32, 79.64, 66.52),
    'clearclip':         (75.01, 79.86, 83.19, 62.06),
    'naclip':            (80.28, 84.28, 82.17, 69.06),
    'naclip_pamr':       (86.79, 89.40, 87.04, 73.57),
    'gem':               (67.38, 77.88, 75.08, 43.16),
    'cliptrase':         (75.81, 80.81, 79.06, 68.49),
    'scclip':            (78.55, 80.62, 80.26, 66.91),
    'resclip':           (73.53, 83.28, 78.58),
    'resclip_sclip':     (72.49, 82.15, 77.47),
    'resclip_clearclip': (66.33, 77.65, 75.24),
    'sfp':               (75.79, 79.53, 79.89),
    'proxyclip':         (82.87, 87.72, 88.29),
    'lposs':             (81.14, 86.95, 81.18),
    'naclip_regions':    (85.68, 89.65, 87.20),
    'corrclip':          (85.80, 89.45, 89.35),
}
# Whole image (METHOD_toy): seeds 0, 1, 2; GroupViT has its own weights.
WHOLE = {
    'clip':           (15.62, 22.43, 16.05),
    'maskclip':       (64.96, 75.70, 70.08),
    'maskclip_ks_pd': (55.07, 65.65, 60.76),
    'groupvit':       (34.0, ),
}
# Grouping: unmodified CLIP, MaskCLIP's last block, seconds per scene.
GROUPING = {
    'clip':       (WHOLE['clip'][0], WHOLE['maskclip'][0], 0.03),
    'kmeans':     (15.62, 65.16, 0.04),
    'mean_shift': (15.71, 63.49, 0.3),
    'spectral':   (15.83, 65.37, 0.04),
}
# Annotation-free training: seeds 0, 1, 2.
MASKCLIP_PLUS = (75.35, 70.50, 75.25)
# Zero-shot training: all, seen, unseen, harmonic mean of seeds 0, 1, 2 (the
# baseline: 0).
ZERO_SHOT = {
    'maskclip_plus_zero_shot': (
        (88.71, 91.05, 81.71, 86.13),
        (88.71, 91.13, 81.47, 86.03),
        (88.29, 90.77, 80.86, 85.53)),
    'text_mapped_zero_shot': ((54.93, 73.24, 0.0, 0.0), ),
}
# GroupViT from captions, last checkpoint: seeds 0, 1, 2.
GROUPVIT_ONE_STAGE = (23.79, 27.02, 29.41)
GROUPVIT_TWO_STAGE = (26.32, 27.52, 21.03)
# Images per second of CPU time, multiples of MaskCLIP's time and peak memory
# in MB, in one thread, by the commands of docs/benchmark.md: of ViT-B/16 with
# random weights on images of 500 x 375 pixels, and of the toy CLIP on scenes
# of 128 x 128; None if there is no such config.
COSTS = {
    'maskclip_b':        ((0.63, 1.00, 1546), (20.9, 1.00, 868)),
    'clip_b':            ((0.61, 1.04, 1544), (20.0, 1.04, 868)),
    'sclip':             ((0.59, 1.06, 1533), (20.0, 1.05, 868)),
    'clearclip':         ((0.48, 1.32, 1587), (21.5, 0.97, 867)),
    'naclip':            ((1.09, 0.58, 1525), (23.2, 0.90, 867)),
    'naclip_pamr':       ((0.45, 1.39, 1695), (12.7, 1.65, 877)),
    'gem':               ((0.43, 1.47, 1541), (10.6, 1.98, 868)),
    'cliptrase':         ((0.59, 1.07, 1535), (19.2, 1.09, 868)),
    'scclip':            ((0.57, 1.11, 1565), (16.3, 1.28, 873)),
    'resclip':           ((0.46, 1.37, 1761), (6.8, 3.08, 875)),
    'resclip_sclip':     ((0.44, 1.41, 1730), (6.4, 3.27, 875)),
    'resclip_clearclip': ((0.51, 1.23, 1707), (6.9, 3.05, 874)),
    'sfp':               ((0.61, 1.03, 1589), (17.4, 1.20, 870)),
    'proxyclip':         ((0.13, 4.93, 2049), (5.8, 3.61, 916)),
    'lposs':             ((0.13, 4.74, 1910), (4.8, 4.37, 934)),
    'corrclip':          ((0.12, 5.03, 2059), (4.8, 4.40, 920)),
    'trident':           ((0.04, 15.51, 3903), None),
    'naclip_regions':    (None, (15.6, 1.34, 876)),
}
