"""Real PyTorch in two ranks on two nodes: examples/pytorch learns the digits of examples/digits."""
import json
import re
from pathlib import Path

import pytest
from examples import example_job, place_example
from frameworks import framework_python
from recorded_jobs import search_path

FINGERPRINT = re.compile(r'^rank (\d) parameters ([0-9a-f]{64})$', re.MULTILINE)
SHARE = re.compile(r'^rank (\d) of 2: (\d+) images to train on, 359 to validate$', re.MULTILINE)
LOSS = re.compile(r'^epoch (\d+)/4 loss ([0-9.]+) ', re.MULTILINE)
EPOCHS = ' --epochs 4'


@pytest.fixture
def torch(real, monkeypatch):
    """Two nodes with the example, its data, and a Python with PyTorch."""
    monkeypatch.setenv('PATH', search_path(framework_python('torch').parent))
    place_example(real, 'pytorch', 'digits')
    real.ready_cluster(2)
    return real


def in_the_style_of_2018(settings):
    return {**settings, 'commandLineArgs': settings['commandLineArgs'] + EPOCHS}


def in_the_style_of_today(settings):
    """Without an address: the script finds all in its environment."""
    return {'pythonScriptFilePath': settings['pythonScriptFilePath'],
            'commandLineArgs': '--data $AZ_BATCHAI_INPUT_DATA --output $AZ_BATCHAI_OUTPUT_MODEL' + EPOCHS}


@pytest.mark.parametrize('style', [in_the_style_of_2018, in_the_style_of_today],
                         ids=lambda style: style.__name__)
def test_two_ranks_learn_from_real_data_and_agree_to_the_last_bit(torch, style):
    job = example_job('pytorch')
    ended = torch.run_job(**{**job, 'pyTorchSettings': style(job['pyTorchSettings'])})
    logs = torch.logs()
    assert ended['executionState'] == 'succeeded', logs
    said = [logs[f'stdout-{rank}.txt'] for rank in range(2)]
    shares = [SHARE.findall(text) for text in said]
    assert shares == [[('0', '719')], [('1', '719')]]
    found = dict(pair for text in said for pair in FINGERPRINT.findall(text))
    assert set(found) == {'0', '1'} and found['0'] == found['1']
    losses = [[float(loss) for _, loss in LOSS.findall(text)] for text in said]
    assert all(len(each) == 4 and each[-1] < each[0] / 3 for each in losses)
    assert losses[0] != losses[1]  # each has seen images of its own, so that they agree is the work of messages
    outputs = Path(torch.job_record('j').directories['MODEL'])
    metrics = json.loads((outputs / 'metrics.json').read_text())
    assert metrics['processes'] == 2 and metrics['validationAccuracy'] > 0.9
    assert (outputs / 'model.pt').stat().st_size > 1000
