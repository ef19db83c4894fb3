"""The losses against loops that spell them out."""

from __future__ import annotations

import math

import pytest
import torch
import torch.nn.functional as F
from hypothesis import given, settings
from hypothesis import strategies as st
from torch import Tensor

from tools.build_lite.losses import (
    cell_distillation,
    contrastive,
    doubtful,
    multi_label,
    near_duplicates,
    region_similarity,
)


def normal(seed: int, *shape: int) -> Tensor:
    return torch.randn(*shape, generator=torch.Generator().manual_seed(seed)).double()


@settings(max_examples=25, deadline=None)
@given(st.integers(1, 3), st.integers(1, 5), st.integers(1, 4), st.sampled_from([0.05, 0.5]))
def test_region_similarity(batch: int, cells: int, texts: int, temperature: float) -> None:
    c = F.normalize(normal(0, batch, cells, 6), dim=-1)
    t = F.normalize(normal(1, texts, 6), dim=-1)
    got = region_similarity(c, t, temperature)
    for b in range(batch):
        for m in range(texts):
            cosines = [float(c[b, i] @ t[m]) for i in range(cells)]
            weights = [math.exp(x / temperature) for x in cosines]
            mean = sum(w * x for w, x in zip(weights, cosines, strict=True)) / sum(weights)
            assert float(got[b, m]) == pytest.approx(mean, abs=1e-9)


def test_region_similarity_between_mean_and_best() -> None:
    c, t = F.normalize(normal(2, 4, 9, 6), dim=-1), F.normalize(normal(3, 5, 6), dim=-1)
    cosines = torch.einsum("bnd,md->bmn", c, t)
    torch.testing.assert_close(
        region_similarity(c, t, 1e-4), cosines.amax(-1), atol=1e-3, rtol=0
    )
    torch.testing.assert_close(
        region_similarity(c, t, 1e6), cosines.mean(-1), atol=1e-5, rtol=0
    )


@settings(max_examples=25, deadline=None)
@given(st.integers(1, 6), st.integers(0, 100))
def test_contrastive(count: int, seed: int) -> None:
    logits = normal(seed, count, count) * 3
    free = torch.rand(count, count, generator=torch.Generator().manual_seed(seed)) < 0.3
    free.fill_diagonal_(False)
    total = 0.0
    for table, skip in ((logits, free), (logits.T, free.T)):
        for i in range(count):
            rivals = [float(table[i, j]) for j in range(count) if not skip[i, j]]
            total += math.log(sum(math.exp(x - float(table[i, i])) for x in rivals))
    expected = total / (2 * count)
    assert float(contrastive(logits, free)) == pytest.approx(expected, abs=1e-9)
    everything = contrastive(logits, torch.zeros(count, count, dtype=torch.bool))
    torch.testing.assert_close(contrastive(logits), everything)


def test_near_duplicates() -> None:
    texts = F.normalize(torch.tensor([[1.0, 0.0], [1.0, 0.1], [0.0, 1.0]]), dim=-1)
    found = near_duplicates(texts, 0.85)
    assert found.tolist() == [[False, True, False], [True, False, False], [False] * 3]


@settings(max_examples=40, deadline=None)
@given(
    st.integers(1, 4), st.integers(1, 5), st.integers(0, 500), st.sampled_from([0.0, 0.5, 1.0])
)
def test_multi_label(batch: int, words: int, seed: int, columns: float) -> None:
    logits = normal(seed, batch, words) * 3
    draw = torch.rand(batch, words, generator=torch.Generator().manual_seed(seed))
    has, ignore = draw < 0.3, draw > 0.8
    rows, across = [], []
    for b in range(batch):
        for v in range(words):
            if not has[b, v]:
                continue
            own = float(logits[b, v])
            absent = [w for w in range(words) if not has[b, w] and not ignore[b, w]]
            rivals = [math.exp(float(logits[b, w]) - own) for w in absent]
            rows.append(math.log1p(sum(rivals)))
            without = [a for a in range(batch) if not has[a, v] and not ignore[a, v]]
            if without:
                rivals = [math.exp(float(logits[a, v]) - own) for a in without]
                across.append(math.log1p(sum(rivals)))
    expected = sum(rows) / max(1, len(rows)) + columns * sum(across) / max(1, len(across))
    got = float(multi_label(logits, has, ignore, columns))
    assert got == pytest.approx(expected / 2, abs=1e-6)


def test_multi_label_without_any_word_is_zero_and_trains_on() -> None:
    logits = torch.randn(3, 4, requires_grad=True)
    nothing = torch.zeros(3, 4, dtype=torch.bool)
    loss = multi_label(logits, nothing, nothing, 1.0)
    loss.backward()
    assert loss.item() == 0
    assert logits.grad is not None
    assert logits.grad.isfinite().all()


@settings(max_examples=40, deadline=None)
@given(
    st.integers(1, 9),
    st.integers(1, 4),
    st.integers(0, 500),
    st.sampled_from([0, 0.1, 0.4, 0.9]),
)
def test_doubtful(batch: int, words: int, seed: int, share: float) -> None:
    logits = normal(seed, batch, words)
    negative = torch.rand(batch, words, generator=torch.Generator().manual_seed(seed)) < 0.6
    found = doubtful(logits, negative, share)
    for v in range(words):
        absent = sorted((float(logits[b, v]), b) for b in range(batch) if negative[b, v])
        best = {b for _, b in absent[len(absent) - int(len(absent) * share) :]}
        assert {b for b in range(batch) if found[b, v]} == best


def test_cell_distillation() -> None:
    student, every = normal(5, 6, 3), (normal(6, 6, 8) * 2).softmax(-1)
    held = [[7], [0, 1, 5], [2]]  # classes of three nouns
    teacher = torch.stack([every[:, some].sum(1) for some in held], 1)
    total = weights = 0.0
    for k in range(6):
        some = [sum(float(every[k, c]) for c in classes) for classes in held]
        said = [math.exp(float(x)) for x in student[k]]
        entropy = -sum(
            a / sum(some) * math.log(b / sum(said)) for a, b in zip(some, said, strict=True)
        )
        total, weights = total + sum(some) * entropy, weights + sum(some)
    got = float(cell_distillation(student, teacher))
    assert got == pytest.approx(total / weights, abs=1e-9)


def test_cell_distillation_is_least_where_student_is_teacher() -> None:
    teacher = normal(7, 10, 8).softmax(-1)[:, [1, 4, 5, 6]]
    best = cell_distillation(teacher.log(), teacher)
    for seed in range(5):
        other = teacher.log() + 0.3 * normal(seed, 10, 4)
        assert cell_distillation(other, teacher) > best


def test_cells_that_the_classifier_gives_to_other_classes_do_not_count() -> None:
    student = normal(8, 2, 3).requires_grad_()
    teacher = torch.tensor([[0.0, 0.0, 0.0], [0.5, 0.2, 0.0]]).double()
    cell_distillation(student, teacher).backward()
    assert student.grad is not None
    assert student.grad[0].abs().sum() == 0
    assert student.grad[1].abs().sum() > 0
