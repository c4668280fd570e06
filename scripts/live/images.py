"""Layers that change images, and operators of keras.ops.image, with arguments drawn anew: name -> function of (d, x).

x is an image [N, H, W, C] of floats; where a type stands before the name, of whole numbers from 0 to 255.
"""

from keras import layers as L
from keras import ops

INTERPOLATIONS = ["nearest", "bilinear", "bicubic", "area", "lanczos3", "lanczos5"]


def size(d):
    return d.int(1, 9), d.int(1, 9)


def resizing(d, cls=L.Resizing, **more):
    kept = d.one([{}, {}, {"crop_to_aspect_ratio": True}, {"pad_to_aspect_ratio": True, "fill_value": d.one([0.0, 1.5])}])
    return dict(interpolation=d.one(INTERPOLATIONS), antialias=d.bool(0.4), **kept, **more)


def first(d):
    return {"data_format": "channels_first"} if d.bool(0.2) else {}


def coloured(x):
    return ops.concatenate([x[..., :1], x[..., -1:] * 0.5, x[..., :1] * x[..., -1:]], axis=-1)


def augmented(d, x):
    """Layers that change images in training only."""
    makers = [
        lambda: L.AugMix(), lambda: L.CutMix(), lambda: L.MaxNumBoundingBoxes(3), lambda: L.MixUp(), lambda: L.RandAugment(), lambda: L.RandomBrightness(0.3),
        lambda: L.RandomColorDegeneration(0.3), lambda: L.RandomColorJitter(), lambda: L.RandomContrast(0.3), lambda: L.RandomCrop(*x.shape[1:3]),
        lambda: L.RandomElasticTransform(), lambda: L.RandomErasing(), lambda: L.RandomFlip(), lambda: L.RandomGaussianBlur(), lambda: L.RandomGrayscale(),
        lambda: L.RandomHue(0.2), lambda: L.RandomInvert(), lambda: L.RandomPerspective(), lambda: L.RandomPosterization(4), lambda: L.RandomRotation(0.3),
        lambda: L.RandomSaturation(0.3), lambda: L.RandomSharpness(0.3), lambda: L.RandomShear(), lambda: L.RandomTranslation(0.2, 0.2),
        lambda: L.RandomZoom(0.2), lambda: L.Solarization(0.5, 0.2),
    ]
    for _ in range(d.int(1, 4)):
        x = d.one(makers)()(x)
    return L.Resizing(*size(d))(x) if d.bool(0.3) else x


LAYERS = {
    "rgb_to_hsv": lambda d, x: ops.image.rgb_to_hsv(coloured(x)),
    "hsv_to_rgb": lambda d, x: ops.image.hsv_to_rgb(coloured(x)),
    "gaussian_blur": lambda d, x: ops.image.gaussian_blur(x, d.sizes(2, 1, 4), (0.7, 1.6), data_format=d.one(["channels_last", "channels_first"])),
    "sobel_edges": lambda d, x: ops.image.sobel_edges(x, **first(d)),
    "adaptive": lambda d, x: d.one([ops.adaptive_average_pool, ops.adaptive_max_pool])(x, (d.int(1, x.shape[1]), d.int(1, x.shape[2])), data_format="channels_last"),
    "autocontrast": lambda d, x: L.AutoContrast(value_range=d.one([(0, 255), (-2.0, 3.0)]))(x),
    "uint8 autocontrast": lambda d, x: L.AutoContrast()(x),
    "uint8 augmented": lambda d, x: augmented(d, x),
    "augmented": lambda d, x: augmented(d, x),
    "resizing": lambda d, x: L.Resizing(*size(d), **resizing(d), **first(d))(x),
    "uint8 resizing": lambda d, x: L.Resizing(*size(d), **resizing(d), **first(d))(x),
    "resize": lambda d, x: ops.image.resize(x, size(d), **resizing(d), **first(d)),
    "uint8 resize": lambda d, x: ops.image.resize(x, size(d), **resizing(d)),
    "upsampling": lambda d, x: L.UpSampling2D(d.sizes(2, 1, 3), interpolation=d.one(INTERPOLATIONS[:3] + INTERPOLATIONS[4:]), **first(d))(x),
    "uint8 pipeline": lambda d, x: L.Pipeline([L.Resizing(*size(d), **resizing(d)), L.Rescaling(1 / 255.0), L.RandomFlip(), L.RandomRotation(0.2)])(x),
    "centercrop": lambda d, x: L.CenterCrop(*size(d), **first(d))(x),
    "uint8 centercrop": lambda d, x: L.CenterCrop(*size(d), **first(d))(x),
}
