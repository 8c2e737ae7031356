"""Add the numbers from 1 to a million in all ranks of an MPI job: each adds its share, then MPI adds the shares.

    mpirun -n 4 python3 sum.py
"""
from __future__ import annotations

import os

from mpi4py import MPI

LAST = 1_000_000


def main() -> None:
    everyone = MPI.COMM_WORLD
    rank, count = everyone.Get_rank(), everyone.Get_size()
    share = sum(range(1 + rank, LAST + 1, count))
    total = everyone.allreduce(share)
    # One write, so that the lines of several ranks do not mix.
    print(f'rank {rank} of {count} in {os.getcwd()}: my share is {share}, the sum is {total}\n', end='', flush=True)


if __name__ == '__main__':
    main()
