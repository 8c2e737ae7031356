"""Count primes in all processes of a job: each counts in its share of the numbers, and rank 0 adds the counts.

Needs nothing but Python. The processes find each other as those of PyTorch do, by RANK, WORLD_SIZE, MASTER_ADDR and
MASTER_PORT; without these one process counts alone.
"""
from __future__ import annotations

import os
import socket
import time

LIMIT = 200_000
PATIENCE_SECONDS = 60.0


def main() -> None:
    rank, size = int(os.environ.get('RANK', '0')), int(os.environ.get('WORLD_SIZE', '1'))
    meeting_point = os.environ.get('MASTER_ADDR', '127.0.0.1'), int(os.environ.get('MASTER_PORT', '0'))
    first, end = LIMIT * rank // size, LIMIT * (rank + 1) // size
    share = sum(map(is_prime, range(first, end)))
    print(f'rank {rank} of {size}: {share} primes from {first} to {end - 1}', flush=True)
    if rank == 0:
        total = share + sum(collect(meeting_point, size - 1))
        print(f'{total} primes below {LIMIT}', flush=True)
    else:
        send(meeting_point, share)


def is_prime(number: int) -> bool:
    return number > 1 and all(number % divisor for divisor in range(2, int(number ** 0.5) + 1))


def collect(place: tuple[str, int], senders: int) -> list[int]:
    """One number from each of the others, who may come in any order."""
    counts = []
    with socket.create_server(place) as server:
        server.settimeout(PATIENCE_SECONDS)
        for _ in range(senders):
            with server.accept()[0] as connection, connection.makefile() as text:
                counts.append(int(text.readline()))
    return counts


def send(place: tuple[str, int], count: int) -> None:
    """Tell rank 0, as soon as it listens."""
    deadline = time.monotonic() + PATIENCE_SECONDS
    while True:
        try:
            with socket.create_connection(place, timeout=PATIENCE_SECONDS) as connection:
                connection.sendall(f'{count}\n'.encode())
            return
        except ConnectionRefusedError:
            if time.monotonic() > deadline:
                raise
            time.sleep(0.05)


if __name__ == '__main__':
    main()
