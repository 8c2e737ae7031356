"""The lines of the documentation, parsed by the installed az; its links and its JSON."""
from __future__ import annotations

import json
import re
import shlex
from pathlib import Path

import pytest
from azext_batchai.arm.checking import check
from azext_batchai.service.engines.slurm.options import OptionsError, parse_options
from installed_az import ROOT, Az

PAGES = sorted([ROOT / 'README.md', *(ROOT / 'docs').glob('*.md')])
_ID = '/subscriptions/00000000-0000-0000-0000-000000000000/resourceGroups/g/providers/Microsoft.BatchAI/jobs/j'


def lines_of(page: Path) -> list[str]:
    """The `az batchai` lines in the blocks of a page, those inside $(...) on their own."""
    found = []
    for block in re.findall(r'```sh\n(.*?)```', page.read_text('utf-8'), re.DOTALL) + re.findall(
            r'^    (az batchai [^#\n]*)', page.read_text('utf-8'), re.MULTILINE):
        for line in block.splitlines():
            inner = re.findall(r'\$\((az batchai [^)]*)\)', line)
            found += [text for text in [re.sub(r'\$\([^)]*\)', _ID, line), *inner] if text.startswith('az batchai ')]
    return [re.split(r' \|\|? ', line)[0].replace('\\`', '`') for line in found]


LINES = sorted({line for page in PAGES for line in lines_of(page)})


def test_every_line_is_one_that_az_takes(az: Az) -> None:
    answers = az.parse([shlex.split(line)[1:] for line in LINES])
    refused = [(line, answer['said']) for line, answer in zip(LINES, answers) if not answer['command']]
    assert len(LINES) > 50 and refused == []


@pytest.mark.parametrize('page', PAGES, ids=lambda page: page.name)
def test_every_link_leads_somewhere(page: Path) -> None:
    for target in re.findall(r'\]\(([^)#]+)', page.read_text('utf-8')):
        assert target.startswith('https://') or (page.parent / target).exists(), target


@pytest.mark.parametrize('page', PAGES, ids=lambda page: page.name)
def test_every_config_file_is_a_good_one(page: Path) -> None:
    for text in re.findall(r'```json\n(.*?)```', page.read_text('utf-8'), re.DOTALL):
        document = json.loads(text)
        if 'properties' not in document:
            assert page.name == 'slurm.md' and parse_options(text)
            continue
        document.pop('$schema', None)
        # What the options of the line give is not in the file.
        if 'nodeSetup' in document['properties']:
            check('CLUSTER', {'properties': {'vmSize': 's', 'userAccountSettings': {'adminUserName': 'u'},
                                             **document['properties']}})
        elif document['properties']:
            check('JOB', {'properties': {'cluster': {'id': 'c'}, **document['properties']}})


def test_the_table_of_slurm_json_has_its_keys_and_no_others() -> None:
    table = (ROOT / 'docs' / 'slurm.md').read_text('utf-8').partition('| Key |')[2].partition('\n\n')[0]
    told = {key for row in table.splitlines()[2:] for key in re.findall('`([a-zA-Z]+)`', row.split(' | ')[0])}
    with pytest.raises(OptionsError) as refused:
        parse_options('{"none": 1}')
    assert told == set(str(refused.value).partition('are: ')[2].split(', '))
