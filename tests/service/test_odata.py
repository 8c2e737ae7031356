import pytest

from azext_batchai.service.odata import ODataError, parse_filter, parse_select

JOB = {'name': 'j', 'location': 'eastus', 'tags': {'team.x': 'Vision', 'a/b': '1'}, 'id': '/x',
       'properties': {'executionState': 'running', 'nodeCount': 2, 'cluster': {'id': '/c'}}}
FIELDS = ['name', 'location', 'tags/', 'properties/executionState']


@pytest.mark.parametrize('text, matches', [
    ("name eq 'j'", True), ("name eq 'J'", True), ("name eq 'k'", False), ("name ne 'k'", True), ("NAME EQ 'j'", True),
    ("properties/executionState eq 'Running'", True), ("properties.executionState ne 'running'", False),
    ("tags/team.x eq 'Vision'", True), ("tags.team.x eq 'Vision'", True), ("tags/team.x eq 'vision'", False),
    ("tags/a/b eq '1'", True), ("tags/none eq 'x'", False), ("tags/none ne 'x'", True),
    ("name eq 'x' or name eq 'j'", True), ("name eq 'j' and location eq 'westus'", False),
    ("name eq 'j' or name eq 'x' and name eq 'y'", True), ("(name eq 'j' or name eq 'x') and name eq 'y'", False),
    ("not name eq 'x'", True), ("not (name eq 'j' and location eq 'eastus')", False), ("not not name eq 'j'", True),
    ("((name eq 'j'))", True), ("name eq 'it''s'", False),
])
def test_a_filter_decides(text, matches):
    assert parse_filter(text, FIELDS)(JOB) is matches


def test_a_quote_in_a_text_is_doubled():
    assert parse_filter("tags/note eq 'it''s'", FIELDS)({'tags': {'note': "it's"}})


@pytest.mark.parametrize('text, said', [
    ("vmSize eq 'x'", "'vmSize' where one of name, location, tags/<name>, properties/executionState should be"),
    ("properties/nodeCount eq '2'", "'properties/nodeCount' where"), ("tags eq 'x'", "'tags' where"),
    ("tags/ eq 'x'", "'tags/' where"),
    ("name gt 'j'", "'gt' where 'eq' or 'ne' should be"), ("name eq j", "'j' where a text in single quotes"),
    ("name eq 5", "'5' where a text"), ("name eq", "'' where a text"), ("name", "'' where 'eq'"),
    ("and", "'and' where"),
    ("name eq 'j", 'no closing quote'), ("(name eq 'j'", "no ')'"), ("name eq 'j')", "')' where it should end"),
    ("name eq 'j' name eq 'j'", "'name' where it should end"), ("name eq 'j' and", "'' where one of"),
    ("startswith(name,'j')", "'startswith' where"), ('(' * 30 + "name eq 'j'", 'nested deeper than 20'),
    ('not ' * 400 + "name eq 'j'", 'nested deeper'), ("name eq '" + 'x' * 2000 + "'", 'longer than 2000'),
])
def test_what_is_not_understood_is_said(text, said):
    with pytest.raises(ODataError) as caught:
        parse_filter(text, FIELDS)
    assert said in str(caught.value)


PARTS = ['id', 'name', 'tags', 'properties', 'properties/executionState', 'properties/cluster']


@pytest.mark.parametrize('text, selected', [
    ('name', {'name': 'j'}), ('name, id', {'name': 'j', 'id': '/x'}),
    ('properties/executionState', {'properties': {'executionState': 'running'}}),
    ('NAME,properties.cluster', {'name': 'j', 'properties': {'cluster': {'id': '/c'}}}),
    ('properties,properties/executionState', {'properties': JOB['properties']}),
    ('tags', {'tags': JOB['tags']}),
])
def test_a_selection_leaves_the_rest_out(text, selected):
    assert parse_select(text, PARTS)(JOB) == selected


class CountedKey(str):
    compared = 0
    __hash__ = str.__hash__

    def __eq__(self, other):
        CountedKey.compared += 1
        return str.__eq__(self, other)


def test_a_name_that_is_selected_ten_thousand_times_costs_as_much_as_once():
    select = parse_select(','.join(['id'] * 10_000), PARTS)
    assert select({CountedKey(key): value for key, value in JOB.items()}) == {'id': '/x'}
    assert CountedKey.compared < 100


def test_what_a_resource_does_not_have_is_not_selected():
    assert parse_select('tags,properties/cluster', PARTS)({'name': 'j', 'properties': {}}) == {'properties': {}}


@pytest.mark.parametrize('text', ['color', 'name,', 'properties/color', 'properties/cluster/id'])
def test_a_selection_names_what_there_is(text):
    with pytest.raises(ODataError, match='which is none of id, name'):
        parse_select(text, PARTS)
