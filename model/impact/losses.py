r"""From a shortage of minerals to lost output: the formulas, on bare arrays.

For party :math:`p`, mineral :math:`k` and industry :math:`z`::

    shortage    u[p,k]    = max(0, 1 - use / use0)
    effective   ue[p,k]   = max(0, u - dead_band - stock_cover[k]) / (1 - dead_band)
    cut         cut[p,k,z]  share of the industry's use that is not served
    loss        loss[p,k,z] = vulnerability[k,z] · cut[p,k,z],   vulnerability = dependence · hardness
    together    loss[p,z]   = 1 - Π_k (1 - loss[p,k,z])

The cut is spread over the industries in two ways: *pro rata* (everyone loses the same share: cut = ue), and *best use
first* (those who lose least value added per tonne go without first). Best use first is the cheapest way to bear one
mineral's shortage, so summed over industries it is the lower end; a single industry at the end of the queue may lose
more by it. All shares are 0–1.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

Array = NDArray[np.float64]


def shortage(use_t: Array, use0_t: Array) -> Array:
    """The share of status quo use that is missing; none where nothing was used or the use is not known.

    >>> shortage(np.array([80.0, 120.0]), np.array([100.0, 100.0]))
    array([0.2, 0. ])
    """
    known = (use0_t > 0) & np.isfinite(use_t)
    kept: Array = np.divide(use_t, use0_t, out=np.ones_like(use0_t), where=known)
    return np.clip(1 - kept, 0, 1)


def effective_shortage(missing: Array, dead_band: float, stock_cover: Array) -> Array:
    """The part of a shortage that thrift (the dead band) and users' stocks do not absorb.

    >>> effective_shortage(np.array([0.24, 0.01]), 0.02, np.zeros(2)).round(4)
    array([0.2245, 0.    ])
    """
    return np.maximum(0, missing - dead_band - stock_cover) / (1 - dead_band)


def queue(use_share: Array, value_lost: Array) -> Array:
    """For each industry the share of the mineral's use that goes without before it does, [party, mineral, industry].

    Industries queue by the value added they lose per unit of the mineral; of two equal ones the first in the table goes
    without first, so the industries must come in a fixed order.
    """
    value_per_use = np.divide(value_lost, use_share, out=np.full_like(use_share, np.inf), where=use_share > 0)
    order = np.argsort(value_per_use, axis=-1, kind="stable")
    sorted_share = np.take_along_axis(use_share, order, axis=-1)
    before = np.empty_like(use_share)
    np.put_along_axis(before, order, np.cumsum(sorted_share, axis=-1) - sorted_share, axis=-1)
    return before


def cut_best_use_first(effective: Array, use_share: Array, queue_before: Array) -> Array:
    """The share of each industry's use that is cut when the least valuable uses go without first."""
    cut_share_of_total = np.clip(effective[..., None] - queue_before, 0, use_share)
    cut: Array = np.divide(cut_share_of_total, use_share, out=np.zeros_like(use_share), where=use_share > 0)
    return cut


def cut_pro_rata(effective: Array, use_share: Array) -> Array:
    """The share of each industry's use that is cut when every user loses the same share."""
    return effective[..., None] * (use_share > 0)


def together(loss: Array) -> Array:
    """The output lost to several minerals at once, [party, industry] from [party, mineral, industry].

    >>> float(together(np.array([[[0.5], [0.2]]]))[0, 0])
    0.6
    """
    lost: Array = 1 - np.prod(1 - loss, axis=1)
    return lost


def kept_despite_others(loss: Array) -> Array:
    """The output the *other* minerals leave, [party, mineral, industry]: what relief of one mineral can still save."""
    kept = 1 - loss
    one = np.ones_like(kept[:, :1])
    before = np.cumprod(np.concatenate([one, kept[:, :-1]], axis=1), axis=1)
    after = np.cumprod(np.concatenate([one, kept[:, :0:-1]], axis=1), axis=1)[:, ::-1]
    return before * after
