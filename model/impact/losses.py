r"""From dear or missing minerals to lost output: the formulas, on bare arrays.

For party :math:`p`, mineral :math:`k` and industry :math:`z`, prices and use as multiples of the status quo, :math:`e`
the (negative) elasticity of demand over the horizon::

    shortage    u[p,k]      = max(0, 1 - use);   rationed[p,k] is the part of it that no price brought about
    saving      saving[k]   = 1 - multiple ** e, what users do without at no loss of output once the metal is that dear
    needed      needed[p,k] = 1 - min(u - rationed, saving) - dead_band, the use with which all output can be made
    effective   ue[p,k]     = max(0, 1 - (1 - u + stock_cover[k]) / needed)
    cut         cut[p,k,z]    share of the industry's needs that is not served
    loss        loss[p,k,z] = vulnerability[k,z] · cut[p,k,z],   vulnerability = dependence · hardness
    dearer      cost[p,z]   = Σ_k cost_share[p,k,z] · ∫ price ** e, from 1 to the price: what the metal costs once less
                              of it is used
    together    loss[p,z]   = 1 - (1 - output_elasticity[z] · max(0, cost[p,z])) · Π_k (1 - loss[p,k,z])

``ue`` is max(0, u - saving - dead_band - stock_cover) where nothing is rationed, over the use that is needed, so that
an industry without any metal loses all its output. Time to adapt never adds to it: what users give up in the long run
beyond what they would within a year at the same price is substitution, so ``ue`` is at most what the short run's
elasticity gives at that price and rationing.

The cut is spread over the industries in two ways: *pro rata* (everyone loses the same share: cut = ue), and *best use
first* (those who lose least value added per tonne go without first). Best use first is the cheapest way to bear one
mineral's shortage, so summed over industries it is the lower end; a single industry at the end of the queue may lose
more by it. All shares are 0–1.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

Array = NDArray[np.float64]

LOWEST_RATIO = 1e-9
"""A price below this multiple of the status quo costs users nothing more."""
SAME_POWER = 1e-9
"""Closer than this to an elasticity of minus one, the area beside demand is that of minus one."""


def given_up(price_ratio: Array, elasticity: Array) -> Array:
    """The share of use that a price at this multiple of the status quo makes users do without; none where it falls.

    >>> given_up(np.array([2.0, 0.5]), np.array([-0.3, -0.3])).round(3)
    array([0.188, 0.   ])
    """
    return 1 - np.maximum(price_ratio, 1) ** elasticity


def needed_use(missing: Array, rationed: Array, saving: Array, dead_band: float) -> Array:
    """The share of status quo use with which all output can be made: less what users save, of what a price cuts.

    >>> needed_use(np.array([0.3, 0.3]), np.array([0.0, 0.3]), np.array([0.2, 0.2]), 0.02).round(2)
    array([0.78, 0.98])
    """
    return 1 - np.minimum(missing - rationed, saving) - dead_band


def effective_shortage(missing: Array, needed: Array, stock_cover: Array) -> Array:
    """The share of what is needed that neither the market nor users' stocks serve.

    >>> effective_shortage(np.array([0.24, 0.01]), np.array([0.98, 0.98]), np.zeros(2)).round(4)
    array([0.2245, 0.    ])
    """
    return np.maximum(0, 1 - (1 - missing + stock_cover) / needed)


def dearer_after_saving(price_ratio: Array, elasticity: Array) -> Array:
    """Rise of the cost of a metal per USD spent on it, use adapting: the area beside the demand curve.

    At most the price change, which is what it comes to at the use of the status quo; less, the more users can adapt.

    >>> dearer_after_saving(np.array([2.0, 2.0, 0.5]), np.array([-1.0, -0.3, -0.3])).round(3)
    array([ 0.693,  0.892, -0.549])
    """
    power, log = 1 + elasticity, np.log(np.maximum(price_ratio, LOWEST_RATIO))
    straight = np.abs(power) < SAME_POWER
    grown: Array = np.where(straight, log, np.expm1(power * log) / np.where(straight, 1.0, power))
    return grown


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
