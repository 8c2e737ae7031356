"""The examples of this repository as jobs: their folders are in ``work``, and their job.json is taken as it is."""
import json
import shutil
from pathlib import Path

EXAMPLES = Path(__file__).resolve().parents[3] / 'examples'


def place_example(real, *names):
    for name in names:
        shutil.copytree(EXAMPLES / name, real.work / name)


def example_job(name):
    """The properties of the example's job."""
    return json.loads((EXAMPLES / name / 'job.json').read_text('utf-8'))['properties']
