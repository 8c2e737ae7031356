import pytest

from azext_batchai.service.containers.runtime import find_runtime, no_runtime_problem


@pytest.fixture
def programs(tmp_path):
    """Makes a folder with programs of those names, and returns it as a search path."""
    def make(*names):
        folder = tmp_path / '-'.join(names or ['empty'])
        folder.mkdir()
        for name in names:
            (folder / name).touch(0o755)
        return str(folder)
    return make


@pytest.mark.parametrize('there, setting, found', [
    (('podman', 'docker'), '', 'podman'),
    (('docker',), '', 'docker'),
    (('podman', 'docker'), 'docker', 'docker'),
    (('docker',), 'podman', None),
    ((), '', None),
    (('podman', 'docker'), 'none', None),
])
def test_the_setting_and_what_is_there_decide_on_the_runtime(programs, there, setting, found):
    path = programs(*there)
    runtime = find_runtime(setting, path)
    assert (runtime and (runtime.name, runtime.path)) == (found and (found, f'{path}/{found}'))


@pytest.mark.parametrize('name, options, before, after', [
    ('podman', '', (), ()),
    ('podman', '--runtime runc --ulimit nofile=1024:1024', ('--runtime', 'runc'), ('--ulimit', 'nofile=1024:1024')),
    ('podman', "--ulimit nproc=9 --root=/x --env 'A=b c'", ('--root=/x',), ('--ulimit', 'nproc=9', '--env', 'A=b c')),
    ('docker', '--runtime nvidia --host tcp://h:1', ('--host', 'tcp://h:1'), ('--runtime', 'nvidia')),
    ('podman', '--privileged --runtime', ('--runtime',), ('--privileged',)),
])
def test_options_go_where_the_runtime_takes_them(programs, name, options, before, after):
    runtime = find_runtime(name, programs(name), options)
    assert (runtime.global_options, runtime.run_options) == (before, after)


@pytest.mark.parametrize('setting, said', [
    ('', 'neither podman nor docker is on the PATH of the service: install the package podman or docker.io'),
    ('podman', 'podman is not on the PATH of the service: install the package podman,'),
    ('docker', 'docker is not on the PATH of the service: install the package docker.io,'),
])
def test_without_a_runtime_a_job_hears_what_to_install_and_the_way_around(setting, said):
    problem = no_runtime_problem(setting)
    assert problem.startswith(said)
    assert "'az batchai service start --container-runtime none'" in problem
