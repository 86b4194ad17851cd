"""How far apart colours are, also for colour-blind people."""
import numpy as np

# Ottosson, "A perceptual color space for image processing" (OKLab), 2020.
_CONES = np.array([[0.4122214708, 0.5363325363, 0.0514459929],
                   [0.2119034982, 0.6806995451, 0.1073969566],
                   [0.0883024619, 0.2817188376, 0.6299787005]])
_OKLAB = np.array([[0.2104542553, 0.7936177850, -0.0040720468],
                   [1.9779984951, -2.4285922050, 0.4505937099],
                   [0.0259040371, 0.7827717662, -0.8086757660]])
# Machado et al., "A physiologically-based model for simulation of color vision
# deficiency", 2009, severity 1: what the colour-blind see, in linear RGB.
_PROTANOPIA = np.array([[0.152286, 1.052583, -0.204868],
                        [0.114503, 0.786281, 0.099216],
                        [-0.003882, -0.048116, 1.051998]])
_DEUTERANOPIA = np.array([[0.367322, 0.860646, -0.227968],
                          [0.280085, 0.672501, 0.047413],
                          [-0.011820, 0.042940, 0.968881]])
# A photo below changes the lightness of a colour more than its hue.
_ON_PHOTOS = np.array([0.6, 1, 1])
# Distances of the colour-blind are smaller by nature.
_COLOUR_BLIND = 1.4


def seen(colours):
    """Coordinates of colours, in which distances are perceived differences.

    Args:
        colours (array_like): (N, 3) RGB in [0, 255].

    Returns:
        ndarray: (3, N, 3) float32, for three kinds of viewers.
    """
    colours = np.asarray(colours, np.float64) / 255
    linear = np.where(colours <= 0.04045, colours / 12.92,
                      ((colours + 0.055) / 1.055) ** 2.4)
    return np.stack([
        to_oklab(linear) * _ON_PHOTOS,
        to_oklab(linear @ _PROTANOPIA.T) * _COLOUR_BLIND,
        to_oklab(linear @ _DEUTERANOPIA.T) * _COLOUR_BLIND,
    ]).astype(np.float32)


def to_oklab(linear):
    """Linear RGB in [0, 1] -> OKLab: lightness, green to red, blue to yellow.

    Args:
        linear (ndarray): (N, 3); clipped.

    Returns:
        ndarray: (N, 3).
    """
    return np.cbrt(linear.clip(0, 1) @ _CONES.T) @ _OKLAB.T


def differences(places, place):
    """The difference that the viewer sees who sees the least.

    Args:
        places (ndarray): (3, N, 3), of :func:`seen`.
        place (ndarray): (3, 3), those of one colour.

    Returns:
        ndarray: (N, ), in about [0, 1].
    """
    return np.sqrt(np.square(places - place[:, None]).sum(-1).min(0))


def text_colour(background):
    """Black or white, whichever is easier to read.

    Args:
        background (Sequence): RGB in [0, 255].

    Returns:
        tuple[int]: RGB; the contrast is at least 4.5 to 1 (WCAG 2).
    """
    colour = np.asarray(background, np.float64) / 255
    linear = np.where(colour <= 0.04045, colour / 12.92,
                      ((colour + 0.055) / 1.055) ** 2.4)
    luminance = linear @ [0.2126, 0.7152, 0.0722]
    # Where the contrasts (l + 0.05) / 0.05 and 1.05 / (l + 0.05) are equal.
    return (0, 0, 0) if luminance > 0.179 else (255, 255, 255)
