"""Figures of vectors against their reference implementations and against what is known."""

from __future__ import annotations

import contextlib
import io

import numpy as np
import pytest
from scipy.linalg import sqrtm
from scipy.spatial.distance import cdist

from textsynth.evaluate import embeddings


def cloud(rows: int, seed: int, *, width: int = 12, shift: float = 0.0) -> np.ndarray:
    """Normally distributed vectors."""
    return np.random.default_rng(seed).normal(size=(rows, width)) + shift


def units(rows: int, seed: int, *, width: int = 12) -> np.ndarray:
    """Unit vectors, float32 as embedders give them."""
    vectors = cloud(rows, seed, width=width)
    return (vectors / np.linalg.norm(vectors, axis=1, keepdims=True)).astype(np.float32)


@pytest.mark.parametrize(("rows", "shift"), [(200, 0.0), (200, 0.7), (14, 0.2)])
def test_frechet_is_that_of_the_matrix_square_root(rows: int, shift: float) -> None:
    a, b = cloud(rows, 0), cloud(rows + 3, 1, shift=shift) * 1.3
    c, d = np.cov(a, rowvar=False), np.cov(b, rowvar=False)
    apart = a.mean(axis=0) - b.mean(axis=0)
    expected = apart @ apart + np.trace(c + d - 2 * sqrtm(c @ d).real)
    assert embeddings.frechet(a, b) == pytest.approx(expected, abs=1e-6)


def test_frechet_of_equal_sets_and_of_shifted_ones() -> None:
    a = cloud(100, 0)
    assert embeddings.frechet(a, a) == pytest.approx(0, abs=1e-9)
    assert embeddings.frechet(a, a + 2) == pytest.approx(4 * 12)
    few = np.eye(2, 12)[[0, 0, 1]]  # fewer rows than dimensions: variances of 1/3, along a line
    assert embeddings.frechet(few, few[:, ::-1]) == pytest.approx(
        np.square(few.mean(axis=0) - few[:, ::-1].mean(axis=0)).sum() + 4 / 3
    )


@pytest.mark.parametrize(("rows", "shift", "k"), [(300, 0.0, 5), (300, 0.8, 5), (150, 0.3, 3)])
def test_manifold_agrees_with_prdc(rows: int, shift: float, k: int) -> None:
    from prdc import compute_prdc

    real, made = cloud(rows, 0), cloud(rows + 50, 1, shift=shift)
    with contextlib.redirect_stdout(io.StringIO()):
        expected = compute_prdc(real, made, k)
    found = embeddings.manifold(real, made, k=k)
    for name, value in expected.items():
        assert getattr(found, name).mean() == pytest.approx(value, abs=1e-6), name
    assert found.precision.shape == found.density.shape == (rows + 50,)
    assert found.recall.shape == found.coverage.shape == (rows,)


def test_blocks_change_nothing(monkeypatch: pytest.MonkeyPatch) -> None:
    real, made = units(70, 0), units(90, 1)
    whole, alone = embeddings.manifold(real, made), embeddings.nearest(made)
    monkeypatch.setattr(embeddings, "BLOCK", 7 * 90)
    split = embeddings.manifold(real, made)
    for name in ("precision", "recall", "density", "coverage"):
        assert np.array_equal(getattr(whole, name), getattr(split, name))
    assert np.allclose(embeddings.nearest(made), alone, atol=1e-12)


def test_a_set_that_repeats_itself_is_like_itself() -> None:
    real = np.repeat(units(6, 0), 8, axis=0)  # seven others at distance 0, of which k are 5
    found = embeddings.manifold(real, real[::-1])
    for name in ("precision", "recall", "density", "coverage"):
        assert getattr(found, name) == pytest.approx(1.0), name
    apart = embeddings.manifold(real, -real)
    for name in ("precision", "recall", "density", "coverage"):
        assert not getattr(apart, name).any(), name


def test_repeated_vectors_beside_others() -> None:
    """Half of the made rows repeat one real row, which stands there nine times."""
    real = np.concatenate([np.repeat(np.eye(1, 12), 9, axis=0), cloud(60, 0)])
    made = np.concatenate([np.repeat(np.eye(1, 12), 30, axis=0), cloud(30, 1, shift=50.0)])
    found = embeddings.manifold(real, made)
    assert found.precision.tolist() == [1.0] * 30 + [0.0] * 30
    assert found.recall[:9].all() and found.coverage[:9].all()
    assert found.density[:30] == pytest.approx(found.density[0]) and found.density[0] >= 1.0


@pytest.mark.parametrize("rows", [2, 5])
def test_manifold_of_few(rows: int) -> None:
    found = embeddings.manifold(units(rows, 0), units(rows, 0))
    assert found.precision.mean() == found.recall.mean() == 1.0


@pytest.mark.parametrize("figure", [embeddings.frechet, embeddings.manifold])
def test_a_set_of_one_is_refused(figure: object) -> None:
    with pytest.raises(ValueError, match="there are 1 and 5"):
        figure(units(1, 0), units(5, 0))  # type: ignore[operator]


def test_nearest() -> None:
    vectors = units(40, 0)
    cosines = cdist(vectors, vectors, "cosine")
    np.fill_diagonal(cosines, np.inf)
    assert embeddings.nearest(vectors) == pytest.approx(cosines.min(axis=1), abs=1e-6)
    assert embeddings.nearest(np.eye(3)) == pytest.approx([1, 1, 1])
    assert embeddings.nearest(np.ones((2, 1)) * [1, 0]) == pytest.approx([0, 0])
    assert np.isnan(embeddings.nearest(np.eye(1, 3))).all()


@pytest.mark.parametrize(("rows", "width"), [(30, 12), (10, 12), (12, 40)])
def test_vendi_is_that_of_the_similarity_matrix(rows: int, width: int) -> None:
    vectors = units(rows, 3, width=width).astype(float)
    values = np.linalg.eigvals(vectors @ vectors.T / rows).real
    values = values[values > 1e-12]
    assert embeddings.vendi(vectors) == pytest.approx(
        np.exp(-(values * np.log(values)).sum()), abs=1e-6
    )


def test_vendi_counts_what_differs() -> None:
    assert embeddings.vendi(np.eye(7)) == pytest.approx(7)
    assert embeddings.vendi(np.repeat(np.eye(4), 5, axis=0)) == pytest.approx(4)
    assert embeddings.vendi(np.repeat(units(1, 0), 9, axis=0)) == pytest.approx(1, abs=1e-5)
    assert embeddings.vendi(np.zeros((0, 4))) == 0


def test_plane_keeps_groups_apart() -> None:
    groups = np.repeat(np.eye(3, 8) * 20, 30, axis=0) + cloud(90, 0, width=8)
    places = embeddings.plane(groups)
    nearest = cdist(places, places) + np.diag(np.full(90, np.inf))
    assert places.shape == (90, 2)
    assert np.mean(nearest.argmin(axis=1) // 30 == np.arange(90) // 30) > 0.95
    assert np.array_equal(places, embeddings.plane(groups))


@pytest.mark.parametrize("rank", [0, 1, 2])
def test_plane_of_what_is_flat_already(rank: int) -> None:
    flat = cloud(30, 0, width=rank) @ np.eye(rank, 8)
    places = embeddings.plane(flat)
    assert cdist(places, places) == pytest.approx(cdist(flat, flat), abs=1e-8)
