"""Mixtures in frames of their own."""

import numpy as np
import pytest
import torch

from understudy.policies.mixture_density import (
    frame_mixture,
    mixture_log_prob,
    ring_mixture,
    tempered,
    to_array,
    window_mixture,
)
from understudy.policies.sampling import _sample_mixture


def raw(batch: int, components: int, seed: int = 2) -> torch.Tensor:
    density = torch.randn(batch, components, 5, generator=torch.Generator().manual_seed(seed))
    density[..., 3:] = density[..., 3:].clamp(-3.0, 0.0)
    return density


FRAME = torch.tensor([[[0.3, -0.2], [0.6, 0.8 / 0.5625], [-0.8, 0.6 / 0.5625]]])
NO_FRAME = torch.zeros(1, 3, 2)


def test_a_density_integrates_to_one_in_the_plane_and_in_a_frame() -> None:
    line = torch.linspace(-12, 12, 1601)
    step = float(line[1] - line[0])
    points = torch.cartesian_prod(line, line)
    ring = ring_mixture(torch.randn(1, 11, generator=torch.Generator().manual_seed(3)), torch.tensor([[0.3, -0.2]]))
    for density in (window_mixture(raw(1, 6)), frame_mixture(raw(1, 6), FRAME), ring):
        likelihood = mixture_log_prob(density.expand(len(points), -1, 7), points).exp()
        assert float(likelihood.sum()) * step**2 == pytest.approx(1.0, abs=0.01)


def test_in_the_plane_it_is_a_mixture_of_upright_gaussians() -> None:
    said = raw(4, 6)
    point = torch.rand(4, 2, generator=torch.Generator().manual_seed(0)) * 2 - 1
    normal = torch.distributions.Normal(said[..., 1:3], said[..., 3:].exp())
    expected = (torch.softmax(said[..., 0], -1) * normal.log_prob(point[:, None]).sum(-1).exp()).sum(-1).log()
    torch.testing.assert_close(mixture_log_prob(window_mixture(said), point), expected, rtol=1e-4, atol=1e-4)


def test_the_same_words_in_a_turned_frame_mean_the_turned_place() -> None:
    said = torch.tensor([[[0.0, 0.5, -0.25, -3.0, -3.0]]])
    here = frame_mixture(said, FRAME)[0, 0]
    origin, ahead, aside = FRAME[0]
    torch.testing.assert_close(here[1:3], origin + 0.5 * ahead - 0.25 * aside)


def test_a_ring_lies_round_its_centre_alike_in_all_directions() -> None:
    said, centre = torch.zeros(1, 11), torch.tensor([[0.25, -0.5]])
    radius = float(ring_mixture(said, centre)[0, 0, 1] - centre[0, 0])
    angle = torch.linspace(0, 6.2832, 64)
    circle = torch.stack([angle.cos(), angle.sin()], dim=-1)
    ring = ring_mixture(said, centre).expand(64, 8, 7)
    on_it, inside = (mixture_log_prob(ring, centre + r * radius * circle) for r in (1.0, 0.1))
    assert float(on_it.max() - on_it.min()) < 0.2
    assert float(on_it.min()) > float(inside.max()) + 1.0
    wide = said.clone()
    wide[:, -2] = 0.5
    assert float(ring_mixture(wide, centre)[0, 0, 1] - centre[0, 0]) == pytest.approx(radius * np.exp(0.5))


def test_where_there_is_no_frame_its_components_have_no_weight() -> None:
    both = torch.cat([window_mixture(raw(1, 2)), frame_mixture(raw(1, 3, seed=5), NO_FRAME)], dim=1)
    assert to_array(both)[0, 2:, 0].tolist() == [0.0] * 3
    point = torch.zeros(1, 2)
    torch.testing.assert_close(
        mixture_log_prob(both, point), mixture_log_prob(window_mixture(raw(1, 2)), point), rtol=1e-4, atol=1e-4
    )
    assert torch.isfinite(both).all()


@pytest.mark.parametrize("temperature", [1.0, 0.25])
def test_points_are_drawn_as_likely_as_they_are_said_to_be(temperature: float) -> None:
    said = torch.tensor([[[0.0, 0.4, 0.3, -1.5, -2.5]]])
    mixture = to_array(tempered(frame_mixture(said, FRAME), temperature)).numpy()[0]
    streams = np.array([7], np.uint64)
    drawn = np.array([_sample_mixture(mixture, streams, 0) for _ in range(20_000)])
    axes = FRAME[0, 1:].numpy()
    local = (drawn - FRAME[0, 0].numpy()) @ np.linalg.inv(axes)
    assert local.mean(0) == pytest.approx([0.4, 0.3], abs=0.01)
    assert local.std(0) == pytest.approx(np.exp([-1.5, -2.5]) * temperature**0.5, rel=0.03)
