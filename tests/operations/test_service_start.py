"""`service start` when the service runs already: it keeps what it was started with."""
import pytest
from azure.cli.core.azclierror import ValidationError

from azext_batchai.operations import service
from azext_batchai.remote.daemon import Daemon


@pytest.mark.parametrize('asked', [(None, None, None), (8443, 'process', 'podman')])
def test_what_is_asked_for_and_there_is_no_error(asked):
    service._check_asked({'port': 8443, 'engine': 'process', 'containerRuntime': 'podman'}, *asked)


@pytest.mark.parametrize('asked, said', [
    ((1, None, None), 'runs on port 8443.'), ((None, 'slurm', None), 'runs with engine process.'),
    ((None, None, 'none'), 'runs with container runtime podman.')])
def test_what_cannot_change_while_it_runs_is_named_with_the_way_to_change_it(asked, said):
    with pytest.raises(ValidationError, match=f"^The service already {said} To change it, run 'az batchai service"):
        service._check_asked({'port': 8443, 'engine': 'process', 'containerRuntime': 'podman'}, *asked)


def test_the_container_runtime_reaches_the_service(tmp_path, monkeypatch):
    seen = []

    class Stopped(Exception):
        pass

    def spawn(self, arguments, complaints):
        seen.extend(arguments)
        raise Stopped
    monkeypatch.setattr(Daemon, '_spawn', spawn)
    with pytest.raises(Stopped):
        Daemon(tmp_path).start(None, None, 'none')
    assert seen[-2:] == ['--container-runtime', 'none']
