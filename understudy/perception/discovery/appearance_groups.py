"""Groups of sightings that look alike: HDBSCAN of colours, size and fill, then groups of near-equal means are merged.

HDBSCAN (Campello, Moulavi and Sander 2013) finds the number of groups itself and leaves noise out. It runs on a sample,
because it takes quadratic time; every other sighting joins the group of its nearest neighbour in the sample if that is
as near as neighbours in the sample are. A second run on what is noise after that finds the rare kinds.
"""

import numpy as np
from jaxtyping import Float32, Int64

from understudy.contract.errors import MissingExtraError
from understudy.perception.discovery.sightings import Sightings

MAX_SAMPLE = 6000
NUM_COMPONENTS = 16
SIZE_WEIGHT, FILL_WEIGHT = 0.45, 0.5
"""Weights of the logarithm of the size and of the share of the box that the blob fills, beside the colours."""
MIN_GROUP, MIN_SAMPLES = 15, 5
MIN_SIDE = 7.0
"""Smaller blobs are not sampled, pixels."""
REACH_PERCENTILE, REACH_FACTOR = 97, 1.3
"""Sightings further from the sample than this many of its nearest-neighbour distances are noise."""
ALIKE, ALIKE_SIZE = 0.36, 0.3
"""Largest Hellinger-like distance of mean colours, and of the logarithms of median sizes, of groups that are one."""


def group_by_appearance(sightings: Sightings, seed: int = 0) -> Int64[np.ndarray, " N"]:
    """Returns the group of each sighting, counted from 0; -1 for noise.

    Raises:
        MissingExtraError: if scikit-learn is not installed.
    """
    features = _features(sightings)
    eligible = np.flatnonzero(sightings.records["regular"] & (sightings.side >= MIN_SIDE))
    if len(eligible) < 2 * MIN_GROUP:
        return np.full(len(features), -1, np.int64)
    generator = np.random.default_rng(seed)
    labels = _grouped(features, eligible, generator)
    rest = eligible[labels[eligible] < 0]
    if len(rest) >= 2 * MIN_GROUP:  # rare kinds, too few in the first sample
        noise = labels < 0
        again = _grouped(features, rest, generator)
        labels[noise] = np.where(again[noise] >= 0, again[noise] + labels.max() + 1, -1)
    return merge_alike(labels, sightings)


def _grouped(features: np.ndarray, eligible: np.ndarray, generator: np.random.Generator) -> Int64[np.ndarray, " N"]:
    """Groups a sample of the eligible sightings, and assigns all sightings to it."""
    sample = generator.choice(eligible, min(MAX_SAMPLE, len(eligible)), replace=False)
    labels = _hdbscan(features[sample])
    if labels.max() < 0:
        return np.full(len(features), -1, np.int64)
    return _nearest_labels(features, features[sample][labels >= 0], labels[labels >= 0])


def merge_alike(labels: Int64[np.ndarray, " N"], sightings: Sightings) -> Int64[np.ndarray, " N"]:
    """Merges groups whose mean colours and median sizes are near each other, the nearest pair first."""
    from scipy.cluster.hierarchy import fcluster, linkage
    from scipy.spatial.distance import squareform

    groups = np.unique(labels[labels >= 0])
    if len(groups) < 2:
        return labels
    means = np.stack([sightings.colours[labels == group].mean(axis=0) for group in groups])
    means /= np.linalg.norm(means, axis=1, keepdims=True)
    sizes = np.array([np.median(np.log(sightings.side[labels == group])) for group in groups])
    colour_apart = np.linalg.norm(means[:, None] - means[None], axis=2) / ALIKE
    size_apart = np.abs(sizes[:, None] - sizes[None]) / ALIKE_SIZE
    apart = np.maximum(colour_apart, size_apart)
    np.fill_diagonal(apart, 0)
    united = fcluster(linkage(squareform(apart, checks=False), "complete"), 1.0, "distance") - 1
    merged = labels.copy()
    for group, one in zip(groups, united, strict=True):
        merged[labels == group] = one
    return merged


def _features(sightings: Sightings) -> Float32[np.ndarray, "N C"]:
    """Principal components of colours, size and fill."""
    box = sightings.records["width"] * sightings.records["height"]
    fill = sightings.records["area"] / np.maximum(box, 1)
    size = np.log(np.maximum(sightings.side, 1))
    everything = np.concatenate(
        [sightings.colours, SIZE_WEIGHT * size[:, None], FILL_WEIGHT * fill[:, None]], axis=1
    ).astype(np.float32)
    if len(everything) < 2:
        return everything
    everything -= everything.mean(axis=0)
    _, _, directions = np.linalg.svd(everything[:: max(1, len(everything) // 5000)], full_matrices=False)
    return np.asarray(everything @ directions[:NUM_COMPONENTS].T, np.float32)


def _hdbscan(features: np.ndarray) -> np.ndarray:
    try:
        from sklearn.cluster import HDBSCAN  # type: ignore[import-untyped]
    except ImportError:
        raise MissingExtraError("scikit-learn", "discover") from None
    return np.asarray(HDBSCAN(min_cluster_size=MIN_GROUP, min_samples=MIN_SAMPLES, copy=True).fit_predict(features))


def _nearest_labels(features: np.ndarray, known: np.ndarray, labels: np.ndarray) -> Int64[np.ndarray, " N"]:
    from scipy.spatial import cKDTree

    tree = cKDTree(known)
    between = np.asarray(tree.query(known, 2)[0])[:, 1]
    reach = REACH_FACTOR * np.percentile(between, REACH_PERCENTILE)
    distances, nearest = tree.query(features, distance_upper_bound=max(reach, 1e-9))
    found = np.full(len(features), -1, np.int64)
    near = np.isfinite(distances)
    found[near] = labels[np.asarray(nearest)[near]]
    return found
