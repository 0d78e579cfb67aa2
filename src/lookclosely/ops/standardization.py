"""Images brought to one brightness and one contrast."""

from jaxtyping import Float
from torch import Tensor

from ._arguments import check_floats


def standardize(images: Float[Tensor, "*N C H W"], eps: float = 1e-3) -> Float[Tensor, "*N C H W"]:
    """Each image with mean 0 and standard deviation 1: (x − mean) / (std + eps).

    Mean and standard deviation are taken over all channels and pixels of one image.

    Args:
        images: one image, or any number of them.
        eps: keeps an image of one colour, whose standard deviation is 0, at 0.

    Returns:
        The images, in their own dtype.

    Raises:
        ValueError: ``images`` are not floats.
    """
    check_floats("images", images, "standardize")
    mean = images.mean(dim=(-3, -2, -1), keepdim=True)
    return (images - mean) / (images.std(dim=(-3, -2, -1), keepdim=True) + eps)
