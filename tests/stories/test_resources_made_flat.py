"""az on what clients of the older API versions made, where names may have dots."""
from __future__ import annotations

from pathlib import Path

from installed_az import Az
from rest import ACCOUNT, cluster, job, provider

FLAT = '2018-03-01'


def test_resources_with_dots_in_their_names_are_shown_used_and_deleted(shared: Az, tmp_path: Path) -> None:
    rest, root = shared.rest(), provider('demoGroup')
    assert rest.call('PUT', f'{root}/clusters/gpu.v1', {'location': 'eastus', 'properties': {
        'vmSize': 'Standard_D1', 'userAccountSettings': ACCOUNT,
        'scaleSettings': {'manual': {'targetNodeCount': 1}}}}, FLAT)[0] == 202
    assert rest.call('PUT', f'{root}/jobs/night.run', {'location': 'eastus', 'properties': {
        'cluster': {'id': f'{root}/clusters/gpu.v1'}, 'nodeCount': 1, 'stdOutErrPathPrefix': str(tmp_path),
        'customToolkitSettings': {'commandLine': 'echo done'}}}, FLAT)[0] == 202
    assert shared.ok('batchai cluster show -g demoGroup -n gpu.v1').json['name'] == 'gpu.v1'
    assert shared.ok('batchai job wait -g demoGroup -n night.run').code == 0
    assert shared.ok('batchai job file stream -g demoGroup -j night.run -f stdout.txt').out == 'done\n'
    config = shared.write('job.json', {'properties': {
        'nodeCount': 1, 'stdOutErrPathPrefix': str(tmp_path), 'customToolkitSettings': {'commandLine': 'true'}}})
    shared.ok(f'batchai job create -g demoGroup -n day -l eastus -r gpu.v1 -f {config} --wait -o none')
    shared.ok('batchai job delete -g demoGroup -n night.run -y')
    rest.wait_until_gone(job('night.run'))
    shared.ok('batchai cluster delete -g demoGroup -n gpu.v1 -y')
    rest.wait_until_gone(cluster('gpu.v1'))


def test_a_new_resource_has_no_dot_in_its_name(shared: Az) -> None:
    said = shared('batchai cluster create -g demoGroup -n gpu.v1 -l eastus -s Standard_D1 -u a -p Secret-word-1')
    assert (said.code, said.problem) == (1, "--name/-n 'gpu.v1' is not a valid name: 1 to 64 letters, digits, - or _.")
