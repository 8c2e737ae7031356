"""Train a small neural network to read handwritten digits, in several processes of PyTorch that share the work.

    python train.py --data FOLDER_WITH_DIGITS_CSV_GZ --output FOLDER

With --dist-url, --rank and --world-size the processes meet as they did in 2018. Without them they meet as torchrun and
the service arrange it today, by variables of the environment; a single process needs neither. Each trains on its own
share of the images, and after every step all have the same parameters. The first writes model.pt and metrics.json.
"""
from __future__ import annotations

import argparse
import gzip
import hashlib
import json
import os
from pathlib import Path

import torch
import torch.distributed as dist
from torch import nn

PIXELS = 64
BRIGHTEST = 16
DIGITS = 10


def main() -> None:
    options = read_options()
    rank, count = meet(options)
    pixels, digits = read_images(options.data / 'digits.csv.gz')
    held_out = len(digits) // 5
    mine = torch.arange(held_out + rank, len(digits), count)
    print(f'rank {rank} of {count}: {len(mine)} images to train on, {held_out} to validate', flush=True)

    torch.manual_seed(7)
    network = nn.Sequential(nn.Linear(PIXELS, options.hidden), nn.Tanh(), nn.Linear(options.hidden, DIGITS))
    trained = nn.parallel.DistributedDataParallel(network) if count > 1 else network
    optimizer = torch.optim.SGD(trained.parameters(), lr=options.rate)
    loss = accuracy = 0.0
    for epoch in range(1, options.epochs + 1):
        loss = train_one_epoch(trained, optimizer, pixels, digits, mine[torch.randperm(len(mine))], options.batch)
        with torch.no_grad():
            read = network(pixels[:held_out]).argmax(dim=1)
        accuracy = (read == digits[:held_out]).float().mean().item()
        print(f'epoch {epoch}/{options.epochs} loss {loss:.4f} validation accuracy {accuracy:.4f}', flush=True)

    print(f'rank {rank} parameters {fingerprint(network)}', flush=True)
    if rank == 0:
        options.output.mkdir(parents=True, exist_ok=True)
        torch.save(network.state_dict(), options.output / 'model.pt')
        (options.output / 'metrics.json').write_text(json.dumps({
            'epochs': options.epochs, 'processes': count, 'loss': round(loss, 6),
            'validationAccuracy': round(accuracy, 6)}, indent=1) + '\n')
    if count > 1:
        dist.destroy_process_group()


def read_options() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description='Train a network of one hidden layer on 8x8 handwritten digits.')
    parser.add_argument('--data', type=Path, required=True, help='folder that holds digits.csv.gz')
    parser.add_argument('--output', type=Path, required=True, help='folder for model.pt and metrics.json')
    parser.add_argument('--epochs', type=int, default=16)
    parser.add_argument('--hidden', type=int, default=32, help='units in the hidden layer')
    parser.add_argument('--batch', type=int, default=16, help='images of a process per step')
    parser.add_argument('--rate', type=float, default=0.3, help='size of a step')
    parser.add_argument('--dist-backend', default='gloo')
    parser.add_argument('--dist-url', help='where the processes meet; by default the environment says')
    parser.add_argument('--rank', type=int, help='which of the processes this is')
    parser.add_argument('--world-size', type=int, help='how many processes there are')
    return parser.parse_args()


def meet(options: argparse.Namespace) -> tuple[int, int]:
    """Which process this is, and of how many."""
    if options.dist_url:
        dist.init_process_group(options.dist_backend, init_method=options.dist_url, rank=options.rank,
                                world_size=options.world_size)
    elif 'RANK' in os.environ:
        dist.init_process_group(options.dist_backend)
    else:
        return 0, 1
    return dist.get_rank(), dist.get_world_size()


def read_images(path: Path) -> tuple[torch.Tensor, torch.Tensor]:
    """Pixels from 0 to 1, a row an image, and the digits they show; in an order that is the same everywhere."""
    with gzip.open(path, 'rt', encoding='ascii') as lines:
        rows = torch.tensor([[int(value) for value in line.split(',')] for line in lines])
    rows = rows[torch.randperm(len(rows), generator=torch.Generator().manual_seed(7))]
    return rows[:, :PIXELS].float() / BRIGHTEST, rows[:, PIXELS]


def train_one_epoch(network: nn.Module, optimizer: torch.optim.Optimizer, pixels: torch.Tensor, digits: torch.Tensor,
                    images: torch.Tensor, batch_size: int) -> float:
    """Go through the images once; the mean loss on the way. Only whole batches, so that all processes make the same
    number of steps."""
    losses = []
    for batch in images[:len(images) // batch_size * batch_size].split(batch_size):
        optimizer.zero_grad()
        loss = nn.functional.cross_entropy(network(pixels[batch]), digits[batch])
        loss.backward()
        optimizer.step()
        losses.append(loss.item())
    return sum(losses) / len(losses)


def fingerprint(network: nn.Module) -> str:
    """Is the same for the same parameters, to the last bit."""
    numbers = [number for values in network.state_dict().values() for number in values.flatten().tolist()]
    return hashlib.sha256(json.dumps(numbers).encode()).hexdigest()


if __name__ == '__main__':
    main()
