"""How robustness is evaluated in the MaskCLIP paper."""

# The library has eleven more kinds.
PAPER_KINDS = ('gaussian_noise', 'shot_noise', 'impulse_noise',
               'speckle_noise', 'gaussian_blur', 'defocus_blur', 'spatter',
               'jpeg_compression')
LEVELS = (1, 2, 3, 4, 5)
