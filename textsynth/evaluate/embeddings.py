"""Figures of sets of vectors, and of two such sets. Vectors are of shape (n, d); distances are
computed in blocks of rows, so that 10,000 against 10,000 need some hundred MB at most."""

from __future__ import annotations

import contextlib
import os
import sys
from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

Floats = npt.NDArray[np.float64]

BLOCK = 4_000_000  # distances held at a time
TIE = 1e-9  # squared distances that differ by less, in squared norms, are equal


def frechet(one: npt.ArrayLike, other: npt.ArrayLike) -> float:
    """The squared Fréchet distance of two normal distributions with the means and covariances of
    the sets (Heusel et al. 2017): |m1 - m2|² + tr(C1 + C2 - 2 (C1 C2)^½), 0 for equal sets. Of two
    samples of one distribution it is above 0, the more so the fewer rows there are.

    Raises:
        ValueError: a set has fewer than two vectors.
    """
    a, b = _floats(one), _floats(other)
    if min(len(a), len(b)) < 2:
        raise ValueError(f"two vectors a set are needed, there are {len(a)} and {len(b)}")
    apart = a.mean(axis=0) - b.mean(axis=0)
    first, second = (np.atleast_2d(np.cov(vectors, rowvar=False)) for vectors in (a, b))
    values, basis = np.linalg.eigh(first)
    root = (basis * np.sqrt(np.clip(values, 0, None))) @ basis.T
    # C1 C2 has the eigenvalues of C1^½ C2 C1^½, which is symmetric
    shared = np.sqrt(np.clip(np.linalg.eigvalsh(root @ second @ root), 0, None)).sum()
    return float(max(0.0, apart @ apart + np.trace(first) + np.trace(second) - 2 * shared))


@dataclass(frozen=True, slots=True)
class Manifold:
    """How two sets lie in each other, row by row; the means are the figures (Naeem et al. 2020).

    Attributes:
        precision: of each made vector, whether it is in the ball of a real one.
        recall: of each real vector, whether it is in the ball of a made one.
        density: of each made vector, in how many real balls it is, over k; a ball that holds more
            of its own set, which are equal to its centre, counts less by as much.
        coverage: of each real vector, whether a made one is in its ball.
    """

    precision: Floats
    recall: Floats
    density: Floats
    coverage: Floats


def manifold(real: npt.ArrayLike, made: npt.ArrayLike, *, k: int = 5) -> Manifold:
    """Precision and recall (Kynkäänniemi et al. 2019), density and coverage (Naeem et al. 2020).
    The ball of a vector reaches up to its k-th nearest other of its own set, that distance not
    included; in a smaller set, to the farthest. Around one that is there more than k times it holds
    what is equal to it.

    Raises:
        ValueError: a set has fewer than two vectors.
    """
    a, b = _floats(real), _floats(made)
    if min(len(a), len(b)) < 2:
        raise ValueError(f"two vectors a set are needed, there are {len(a)} and {len(b)}")
    tie = TIE * max(_norms(a).max(), _norms(b).max())
    real_reach, made_reach = (np.maximum(_reach(one, k) - tie, tie) for one in (a, b))
    worth = k / np.maximum(k, _equals(a, real_reach <= tie, tie))
    balls = np.zeros(len(b))
    recall, coverage = np.zeros(len(a)), np.zeros(len(a))
    for start, squared in _blocks(a, b):
        here = slice(start, start + len(squared))
        inside = squared < real_reach[here, None]
        balls += worth[here] @ inside
        coverage[here] = inside.any(axis=1)
        recall[here] = (squared < made_reach).any(axis=1)
    return Manifold((balls > 0).astype(float), recall, balls / k, coverage)


def _equals(vectors: Floats, asked: npt.NDArray[np.bool_], tie: float) -> Floats:
    """How many vectors are equal to each of those asked for, itself among them; 0 for others."""
    found, places = np.zeros(len(vectors)), np.flatnonzero(asked)
    for start, squared in _blocks(vectors[places], vectors):
        found[places[start : start + len(squared)]] = (squared < tie).sum(axis=1)
    return found


def mauve(made: npt.ArrayLike, real: npt.ArrayLike, *, seed: int = 0) -> float:
    """MAUVE (Pillutla et al. 2021) of features, by its authors' library with its own settings; 1
    where no two features differ, which it cannot say."""
    from mauve import compute_mauve

    both = np.concatenate([made, real])
    if not np.ptp(both, axis=0).any():
        return 1.0
    with _silent():
        return float(compute_mauve(p_features=made, q_features=real, seed=seed).mauve)


@contextlib.contextmanager
def _silent() -> Iterator[None]:
    """Nothing reaches stderr, from native code neither: k-means warns there of the number of
    clusters that MAUVE's authors chose."""
    sys.stderr.flush()
    kept, nowhere = os.dup(2), os.open(os.devnull, os.O_WRONLY)
    try:
        os.dup2(nowhere, 2)
        yield
    finally:
        os.dup2(kept, 2)
        os.close(kept)
        os.close(nowhere)


def nearest(vectors: npt.ArrayLike) -> Floats:
    """The cosine distance (0 to 2) of each unit vector to its nearest other: shape (n,); NaN for
    one alone."""
    given = _floats(vectors)
    if len(given) < 2:
        return np.full(len(given), np.nan)
    found = _reach(given, 1) / 2
    return np.where(found < TIE, 0, found)


def vendi(vectors: npt.ArrayLike) -> float:
    """The Vendi score of unit vectors (Friedman and Dieng 2023): the exponential of the entropy of
    the eigenvalues of their cosines over n. How many vectors, at right angles to each other, would
    be as varied: 1 to min(n, d); 0 for none."""
    given = _floats(vectors)
    if not len(given):
        return 0.0
    # X Xᵀ and Xᵀ X have the same eigenvalues but for zeros
    small = given @ given.T if len(given) < given.shape[1] else given.T @ given
    values = np.linalg.eigvalsh(small / len(given))
    values = values[values > 1e-12]
    return float(np.exp(-(values * np.log(values)).sum()))


def plane(vectors: npt.ArrayLike, *, seed: int = 0) -> Floats:
    """Vectors of shape (n, d), d at least 2, as points of the plane, shape (n, 2): t-SNE (van der
    Maaten and Hinton 2008) of their 50 principal components, which begins with the first two; these
    alone where there is no third."""
    from sklearn.manifold import TSNE

    given = _floats(vectors)
    centred = given - given.mean(axis=0)
    _, spread, axes = np.linalg.svd(centred, full_matrices=False)
    principal = centred @ axes[:50].T
    if len(spread) < 3 or spread[2] < 1e-6:
        return np.asarray(principal[:, :2])
    start = principal[:, :2] / principal[:, 0].std() * 1e-4
    # half of the usual iterations: the neighbourhoods of 1,500 points stay the same after these
    model = TSNE(
        perplexity=min(30, (len(given) - 1) / 3),
        init=start.astype(np.float32),
        max_iter=500,
        random_state=seed,
    )
    return np.asarray(model.fit_transform(principal.astype(np.float32)), np.float64)


def _floats(vectors: npt.ArrayLike) -> Floats:
    return np.asarray(vectors, np.float64)


def _norms(vectors: Floats) -> Floats:
    return np.asarray(np.einsum("nd,nd->n", vectors, vectors))


def _blocks(rows: Floats, columns: Floats) -> Iterator[tuple[int, Floats]]:
    """Squared distances of some rows at a time to all columns, and the first of these rows."""
    own, other = _norms(rows), _norms(columns)
    height = max(1, BLOCK // len(columns))
    for start in range(0, len(rows), height):
        squared = rows[start : start + height] @ columns.T
        squared *= -2
        squared += own[start : start + height, None]
        squared += other
        yield start, squared


def _reach(vectors: Floats, k: int) -> Floats:
    """The squared distance of each vector to its k-th nearest other (or the farthest)."""
    k = min(k, len(vectors) - 1)
    found = np.zeros(len(vectors))
    for start, squared in _blocks(vectors, vectors):
        own = np.arange(len(squared))
        squared[own, start + own] = np.inf
        found[start : start + len(squared)] = np.partition(squared, k - 1, axis=1)[:, k - 1]
    return np.maximum(found, 0)
