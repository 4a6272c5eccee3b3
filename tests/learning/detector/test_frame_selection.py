import numpy as np

from understudy.learning.detector.frame_selection import describe_frame, farthest_points


def picture(box: tuple[int, int] | None, noise: int = 0) -> np.ndarray:
    random = np.random.default_rng(noise)
    pixels = random.integers(0, 12, (720, 1280, 3)).astype(np.uint8)
    if box is not None:
        x, y = box
        pixels[y : y + 60, x : x + 60] = (200, 160, 40)
    return pixels


def test_of_many_near_copies_one_of_each_kind_is_picked() -> None:
    kinds = [None, (100, 100), (900, 500), (600, 300)]
    pictures = [picture(kinds[number % 4], noise=number) for number in range(40)]
    descriptors = np.array([describe_frame(pixels) for pixels in pictures])
    assert sorted(int(number) % 4 for number in farthest_points(descriptors, 4)) == [0, 1, 2, 3]


def test_copies_are_not_picked_and_no_more_than_there_are() -> None:
    descriptors = np.array([[0.0, 0], [1, 0], [0, 0], [1, 0], [5, 5]], np.float32)
    chosen = farthest_points(descriptors, 10)
    assert len(chosen) == 3 and chosen[0] == 4
    assert len(farthest_points(np.empty((0, 4), np.float32), 3)) == 0
