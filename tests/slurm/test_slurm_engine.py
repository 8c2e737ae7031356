"""The Slurm engine against the contract suite, on a Slurm of four nodes."""
from slurm_engine_kit import SlurmEngineUnderTest

from contract import EngineContract


class TestSlurmEngine(SlurmEngineUnderTest, EngineContract):
    pass
