"""The JSON Schemas for editors: as generated, and of one mind with the commands."""
import ast
import copy
import json
import re
from pathlib import Path

import fastjsonschema
import pytest
from azure.cli.core.azclierror import InvalidArgumentValueError
from knack.help_files import helps

import azext_batchai._help  # noqa: F401  (fills the table of help texts)
from azext_batchai.arm import schema_files
from azext_batchai.arm.descriptions import DESCRIPTIONS, description_of
from azext_batchai.payloads import cluster, file_server, job
from azext_batchai.payloads.config_file import read_config

REPOSITORY = Path(__file__).resolve().parents[2]
KINDS = ('cluster', 'job', 'nfs')
SHARE = 'https://account.file.core.windows.net/share'
READERS = {'cluster': ('CLUSTER', cluster.from_older), 'job': ('JOB', job.from_older),
           'nfs': ('FILE_SERVER', file_server.from_older)}
SCHEMAS = {kind: json.loads((schema_files.SCHEMAS_FOLDER / f'{kind}.schema.json').read_text('utf-8'))
           for kind in KINDS}
VALIDATORS = {kind: fastjsonschema.compile(schema) for kind, schema in SCHEMAS.items()}


def suits_schema(kind, document):
    try:
        VALIDATORS[kind](copy.deepcopy(document))
        return True
    except fastjsonschema.JsonSchemaValueException:
        return False


@pytest.fixture
def suits_command(tmp_path):
    """Whether `create` would take the document as its --config-file."""
    def check(kind, document):
        path = tmp_path / 'config.json'
        path.write_text(json.dumps(document), 'utf-8')
        try:
            read_config(str(path), *READERS[kind])
            return True
        except InvalidArgumentValueError:
            return False
    return check


def properties_of(kind):
    return SCHEMAS[kind]['definitions']['properties']


def example(schema):
    """A valid value with every property there is, less the read-only ones and what another one supersedes."""
    if 'properties' in schema:
        return {key: SHARE if key == 'azureFileUrl' else example(member) for key, member in schema['properties'].items()
                if not member.get('readOnly') and key != 'credentialsInfo'}
    if 'items' in schema:
        return [example(schema['items'])]
    if 'enum' in schema:
        return schema['enum'][0]
    return {'string': 'P1D', 'integer': max(1, schema.get('minimum', 1)), 'boolean': True}[schema['type']]


def places(value, path=()):
    """The path of every value inside `value`."""
    items = value.items() if isinstance(value, dict) else enumerate(value) if isinstance(value, list) else ()
    for key, item in items:
        yield (*path, key)
        yield from places(item, (*path, key))


def owner_of(document, path):
    for key in path[:-1]:
        document = document[key]
    return document


def changed(document, path, change):
    """A copy of `document` after ``change(owner, key)`` at `path`."""
    result = copy.deepcopy(document)
    change(owner_of(result, path), path[-1])
    return result


def remove(owner, key):
    del owner[key]


def spoil(owner, key):
    """A value of a type that no property has in that place."""
    owner[key] = 7 if isinstance(owner[key], (str, bool)) else 'seven'


def add_unknown(owner, key):
    if isinstance(owner[key], dict):
        owner[key]['surely unknown'] = 1


DOCUMENTS = [pytest.param(kind, document, id=f'{kind}-{name}') for kind in KINDS for name, document in {
    'wrapped': {'$schema': 'x', 'location': 'eastus', 'tags': {'a': 'b'}, 'properties': example(properties_of(kind))},
    'bare': {'$schema': 'x', 'location': 'eastus', 'tags': {'a': 'b'}, **example(properties_of(kind))},
}.items()]


@pytest.mark.parametrize('path, text', list(schema_files.schema_files()), ids=lambda value: getattr(value, 'name', ''))
def test_the_file_is_what_the_generator_makes(path, text):
    assert path.read_text('utf-8') == text, 'run: python -m azext_batchai.arm.schema_files'


@pytest.mark.parametrize('kind, document', DOCUMENTS)
def test_a_file_with_every_property_suits_schema_and_command(kind, document, suits_command):
    assert suits_schema(kind, document)
    assert suits_command(kind, document)


@pytest.mark.parametrize('change', [remove, spoil, add_unknown])
@pytest.mark.parametrize('kind, document', DOCUMENTS)
def test_schema_and_command_agree_on_every_change_of_such_a_file(kind, document, change, suits_command):
    verdicts = {}
    for path in places(document):
        if path == ('$schema',):
            continue  # the commands do not look at it
        altered = changed(document, path, change)
        verdicts[path] = suits_schema(kind, altered)
        assert suits_command(kind, altered) is verdicts[path], path
    assert len(verdicts) > 15
    assert set(verdicts.values()) == ({False} if change is spoil else {True, False})


@pytest.mark.parametrize('kind', KINDS)
def test_a_resource_read_from_the_service_may_be_sent_back(kind, suits_command):
    read_only = {key: 'x' for key, member in properties_of(kind)['properties'].items() if member.get('readOnly')}
    document = {'id': '/x', 'name': 'x', 'type': 'x',
                'properties': {**example(properties_of(kind)), **read_only}}
    assert read_only
    assert suits_schema(kind, document) and suits_command(kind, document)


@pytest.mark.parametrize('kind', KINDS)
def test_keys_beside_the_wrapper_are_refused(kind, suits_command):
    document = {**example(properties_of(kind)), 'properties': example(properties_of(kind))}
    assert not suits_schema(kind, document) and not suits_command(kind, document)


@pytest.mark.parametrize('mount', [
    {'azureFileShares': [{'azureFileUrl': SHARE, 'relativeMountPath': 'afs'}]},
    {'azureFileShares': [{'azureFileUrl': SHARE, 'relativeMountPath': 'afs', 'credentialsInfo': {'accountKey': 'x'}}]},
    {'azureBlobFileSystems': [{'accountName': 'a', 'containerName': 'c', 'relativeMountPath': 'bfs',
                               'credentialsInfo': {'accountKey': 'x'}}]}])
def test_mounts_as_written_in_2017_suit_schema_and_command(mount, suits_command):
    document = {'nodeCount': 1, 'stdOutErrPathPrefix': 'x', 'mountVolumes': mount}
    assert suits_schema('job', document) and suits_command('job', document)


@pytest.mark.parametrize('option, suits', [('unknown', True), ('requeue', True), ('forget', False)])
def test_the_deallocation_option_of_2017_suits_schema_and_command(option, suits, suits_command):
    document = {'scaleSettings': {'manual': {'targetNodeCount': 1, 'nodeDeallocationOption': option}}}
    assert suits_schema('cluster', document) is suits and suits_command('cluster', document) is suits


@pytest.mark.parametrize('priority', [-1001, 1001, 'high'])
def test_priorities_that_2017_did_not_know_are_refused(priority, suits_command):
    document = {'nodeCount': 1, 'stdOutErrPathPrefix': 'x', 'priority': priority}
    assert not suits_schema('job', document) and not suits_command('job', document)


def described(schema, path=''):
    """Every property with its schema."""
    for key, member in schema.get('properties', {}).items():
        if '$ref' not in member:
            yield f'{path}.{key}', member
            yield from described(member.get('items', member), f'{path}.{key}')


@pytest.mark.parametrize('kind', KINDS)
def test_every_property_has_words(kind):
    found = [*described(SCHEMAS[kind]), *described(properties_of(kind))]
    assert len(found) > 15
    assert [path for path, member in found if not member.get('description', '').endswith(('.', '...'))] == []


@pytest.mark.parametrize('kind, path', [
    ('cluster', 'nodeSetup.setupTask.runElevated'), ('job', 'priority'), ('job', 'experimentName'),
    ('job', 'outputDirectories.type'), ('job', 'outputDirectories.createNew'),
    ('job', 'constraints.maxTaskRetryCount'), ('job', 'constraints.maxRetryCount'), ('nfs', 'dataDisks.raidLevel'),
    ('nfs', 'dataDisks.fileSystemType'), ('job', 'mountVolumes.azureFileShares.credentialsInfo'),
    ('cluster', 'nodeSetup.mountVolumes.azureBlobFileSystems.credentialsInfo')])
def test_keys_of_older_dialects_are_marked(kind, path):
    member = dict(described(properties_of(kind)))[f'.{path}']
    assert member['deprecated'] is True
    assert member['description'].startswith('Older dialects')


def test_no_words_are_left_over(monkeypatch):
    asked = set()

    class Noting(dict):
        def __getitem__(self, key):
            asked.add(key)
            return super().__getitem__(key)

    monkeypatch.setattr('azext_batchai.arm.descriptions.DESCRIPTIONS', Noting(DESCRIPTIONS))
    list(schema_files.schema_files())
    assert set(DESCRIPTIONS) - asked == set()


def test_a_property_without_words_is_an_error():
    with pytest.raises(KeyError):
        description_of('job.surelyUnknown')


def kind_of(document):
    """Which kind of file a JSON object is meant as; None for anything else."""
    keys = set(document.get('properties') or document) - {'vmSize', 'subnet'}
    return next((kind for kind in KINDS if keys & set(properties_of(kind)['properties'])), None)


def objects_in(text):
    """The JSON objects that stand on lines of their own."""
    for start in re.finditer(r'^ *(?=\{)', text, re.MULTILINE):
        try:
            document, _ = json.JSONDecoder().raw_decode(text, start.end())
        except ValueError:
            continue
        yield document


def written_in(source):
    """What a test writes to a .json file, where it is spelled out."""
    for call in ast.walk(ast.parse(source)):
        if isinstance(call, ast.Call) and getattr(call.func, 'attr', '') == 'write' and len(call.args) == 2:
            try:
                name, document = map(ast.literal_eval, call.args)
            except ValueError:
                continue
            if name.endswith('.json') and isinstance(document, dict):
                yield document


def published_documents():
    for path in REPOSITORY.glob('examples/*/*.json'):
        yield path, json.loads(path.read_text('utf-8'))
    for path in [REPOSITORY / 'README.md', *REPOSITORY.glob('docs/*.md')]:
        yield from ((path, document) for document in objects_in(path.read_text('utf-8')))
    for command, text in helps.items():
        yield from ((command, document) for document in objects_in(text))
    path = REPOSITORY / 'tests/stories/guide_needs.py'
    yield from ((path, document) for document in written_in(path.read_text('utf-8')))


CONFIGS = [pytest.param(kind_of(document), document, id=f'{Path(source).name}-{kind_of(document)}')
           for source, document in published_documents() if kind_of(document)]


@pytest.mark.parametrize('kind, document', CONFIGS)
def test_every_config_that_we_show_suits_schema_and_command(kind, document, suits_command):
    assert suits_schema(kind, document) and suits_command(kind, document)


def test_configs_were_found_in_examples_readme_and_the_stories_of_the_guide():
    found = {param.id.rpartition('-')[0] for param in CONFIGS}
    assert {'cluster.json', 'job.json', 'README.md', 'guide_needs.py'} <= found
