"""Train a small neural network to read handwritten digits, with nothing but the standard library.

    python3 -u train.py --data FOLDER_WITH_DIGITS_CSV_GZ --output FOLDER

Prints one line per epoch; writes model.json and metrics.json to the output folder.
"""
from __future__ import annotations

import argparse
import gzip
import json
import math
import random
import sys
import time
import zlib
from pathlib import Path
from typing import List, Tuple

PIXELS = 64
BRIGHTEST = 16
DIGITS = 10

Row = List[float]
Image = Tuple[Row, int]     # pixels from 0 to 1, and the digit they show


def main() -> None:
    options = read_options()
    started = time.perf_counter()
    training, validation = split(read_images(options.data / 'digits.csv.gz'), random.Random(options.seed))
    print(f'{len(training)} images to train on, {len(validation)} to validate', flush=True)

    make_folder(options.output)
    network = Network(options.hidden, random.Random(options.seed + 1))
    shuffler = random.Random(options.seed + 2)
    for epoch in range(1, options.epochs + 1):
        shuffler.shuffle(training)
        loss = train_one_epoch(network, training, options.rate, options.batch)
        accuracy = share_read_correctly(network, validation)
        print(f'epoch {epoch}/{options.epochs} loss {loss:.4f} validation accuracy {accuracy:.4f}', flush=True)

    write_json(options.output / 'model.json', network.as_json())
    write_json(options.output / 'metrics.json', {
        'epochs': options.epochs,
        'loss': round(loss, 6),
        'validationAccuracy': round(accuracy, 6),
        'trainingImages': len(training),
        'validationImages': len(validation),
        'seconds': round(time.perf_counter() - started, 2),
    })


def read_options() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description='Train a network of one hidden layer on 8x8 handwritten digits.')
    parser.add_argument('--data', type=Path, required=True, help='folder that holds digits.csv.gz')
    parser.add_argument('--output', type=Path, required=True, help='folder for model.json and metrics.json')
    parser.add_argument('--epochs', type=positive, default=16)
    parser.add_argument('--hidden', type=positive, default=32, help='units in the hidden layer')
    parser.add_argument('--batch', type=positive, default=16, help='images per step')
    parser.add_argument('--rate', type=float, default=0.3, help='size of a step')
    parser.add_argument('--seed', type=int, default=7)
    return parser.parse_args()


def positive(text: str) -> int:
    if int(text) < 1:
        raise argparse.ArgumentTypeError('must be 1 or more')
    return int(text)


def make_folder(path: Path) -> None:
    try:
        path.mkdir(parents=True, exist_ok=True)
    except OSError as problem:
        sys.exit(f'{path} cannot be made: {problem.strerror}')


def read_images(path: Path) -> list[Image]:
    images = []
    try:
        with gzip.open(str(path), 'rt', encoding='ascii') as lines:
            for number, line in enumerate(lines, 1):
                try:
                    images.append(read_image(line))
                except ValueError:
                    sys.exit(f'{path}, line {number}: expected {PIXELS} pixels from 0 to {BRIGHTEST} '
                             f'and a digit from 0 to 9')
    except FileNotFoundError:
        sys.exit(f'{path} is not there: --data must name the folder that holds digits.csv.gz')
    except (OSError, EOFError, zlib.error, UnicodeDecodeError) as problem:
        sys.exit(f'{path} cannot be read: {problem}')
    if len(images) < 10:
        sys.exit(f'{path} holds {len(images)} images, too few to train on')
    return images


def read_image(line: str) -> Image:
    *pixels, digit = [int(value) for value in line.split(',')]
    if len(pixels) != PIXELS or not 0 <= min(pixels) <= max(pixels) <= BRIGHTEST or not 0 <= digit < DIGITS:
        raise ValueError(line)
    return [pixel / BRIGHTEST for pixel in pixels], digit


def split(images: list[Image], shuffler: random.Random) -> tuple[list[Image], list[Image]]:
    """Four fifths to train on, one fifth to validate."""
    shuffler.shuffle(images)
    held_out = len(images) // 5
    return images[held_out:], images[:held_out]


class Network:
    """Pixels, a hidden layer of tanh units, one score per digit. A row of weights ends with its bias."""

    def __init__(self, units: int, source: random.Random) -> None:
        self.hidden = [_random_row(PIXELS, source) for _ in range(units)]
        self.scores = [_random_row(units, source) for _ in range(DIGITS)]

    def forward(self, pixels: Row) -> tuple[Row, Row, Row]:
        """What goes in, what the hidden units make of it, and the probability of each digit."""
        inputs = pixels + [1.0]
        activity = [math.tanh(dot(row, inputs)) for row in self.hidden] + [1.0]
        scores = [dot(row, activity) for row in self.scores]
        highest = max(scores)
        shares = [math.exp(score - highest) for score in scores]
        total = sum(shares)
        return inputs, activity, [share / total for share in shares]

    def as_json(self) -> dict[str, object]:
        return {'input': f'{PIXELS} pixels, each divided by {BRIGHTEST}', 'activation': 'tanh', 'output': 'softmax',
                'biasLast': True, 'hidden': self.hidden, 'scores': self.scores}


def _random_row(inputs: int, source: random.Random) -> Row:
    spread = 1 / math.sqrt(inputs)
    return [source.uniform(-spread, spread) for _ in range(inputs)] + [0.0]


def dot(left: Row, right: Row) -> float:
    return sum(a * b for a, b in zip(left, right))


def train_one_epoch(network: Network, images: list[Image], rate: float, batch_size: int) -> float:
    """Go through the images once, a step of gradient descent per batch; the mean loss on the way."""
    loss = 0.0
    for start in range(0, len(images), batch_size):
        batch = images[start:start + batch_size]
        hidden_slope = [[0.0] * len(row) for row in network.hidden]
        score_slope = [[0.0] * len(row) for row in network.scores]
        for pixels, digit in batch:
            loss += add_slopes(network, pixels, digit, hidden_slope, score_slope)
        step(network.hidden, hidden_slope, rate / len(batch))
        step(network.scores, score_slope, rate / len(batch))
    return loss / len(images)


def add_slopes(network: Network, pixels: Row, digit: int, hidden_slope: list[Row], score_slope: list[Row]) -> float:
    """Add one image's gradient to the batch's; its loss."""
    inputs, activity, chances = network.forward(pixels)
    blame = [chance - (index == digit) for index, chance in enumerate(chances)]
    for slope, share in zip(score_slope, blame):
        slope[:] = [s + share * a for s, a in zip(slope, activity)]
    for unit, slope in enumerate(hidden_slope):
        passed_back = sum(share * row[unit] for share, row in zip(blame, network.scores))
        share = passed_back * (1 - activity[unit] ** 2)
        slope[:] = [s + share * x for s, x in zip(slope, inputs)]
    return -math.log(max(chances[digit], 1e-12))


def step(weights: list[Row], slopes: list[Row], rate: float) -> None:
    for row, slope in zip(weights, slopes):
        row[:] = [weight - rate * s for weight, s in zip(row, slope)]


def share_read_correctly(network: Network, images: list[Image]) -> float:
    right = 0
    for pixels, digit in images:
        chances = network.forward(pixels)[2]
        right += chances.index(max(chances)) == digit
    return right / len(images)


def write_json(path: Path, content: dict[str, object]) -> None:
    path.write_text(json.dumps(content, indent=1) + '\n', encoding='utf-8')


if __name__ == '__main__':
    main()
