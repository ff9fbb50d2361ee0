"""Heat drawn over a frame: bright where the attention is, the frame elsewhere, marks where they belong."""

import numpy as np

from fairy.lab.tracking.correspond import TokenGrid
from fairy.lab.tracking.show import COLOURS, Heat, draw_heat, mark

FRAME = np.full((36, 50, 3), 100, np.uint8)  # no whole number of tokens


def heat_at(row, column):
    weights = np.zeros((5, 7), np.float32)
    weights[row, column] = 1.0
    return Heat(weights, TokenGrid(5, 7, 8))


def test_the_token_with_the_most_attention_is_found():
    heat = heat_at(2, 3)
    assert heat.found == (28.0, 20.0)
    assert heat.peak == 1.0


def test_heat_is_brightest_there_and_the_frame_is_seen_elsewhere():
    picture = draw_heat(FRAME, heat_at(2, 3))
    assert picture.shape == FRAME.shape
    assert np.abs(picture[19:21, 27:29].mean(axis=(0, 1)) - COLOURS[-1]).max() < 80  # between tokens it fades
    assert (picture[:8] == 55).all()
    assert picture.sum(axis=2)[20, 28] == picture.sum(axis=2).max()


def test_attention_alike_everywhere_is_drawn_alike():
    picture = draw_heat(FRAME, Heat(np.full((5, 7), 1 / 35, np.float32), TokenGrid(5, 7, 8)))
    assert len(np.unique(picture.reshape(-1, 3), axis=0)) == 1


def test_a_cross_is_on_its_point_and_a_ring_around_it():
    frame = FRAME.repeat(8, 0).repeat(8, 1)
    crossed, ringed = mark(frame, (28.5, 20.5), cross=True), mark(frame, (28.5, 20.5))
    assert (crossed[20, 28] == 255).all()
    assert (ringed[20, 28] == 100).all()
    assert (ringed != 100).any()
    assert (frame == 100).all()
