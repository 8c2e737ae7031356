import pytest

from vault_kit import Resolving, StandInAz


@pytest.fixture
def az(tmp_path):
    return StandInAz(tmp_path / 'az')


@pytest.fixture
def make(az):
    """Makes resolvers that ask the stand-in; they are closed in the end."""
    made = []

    def make_one(**more):
        made.append(Resolving(az, **more))
        return made[-1]
    yield make_one
    for each in made:
        each.close()
