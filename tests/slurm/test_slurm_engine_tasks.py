"""What a task of the Slurm engine is given: its command, variables and files, whatever is in them, and no more."""
import json
import os
import re
import subprocess

import pytest
from slurm_engine_kit import ENDED, SlurmEngineUnderTest, processes_of

from azext_batchai.service.engines.slurm.launch_files import address_word, id_word


NASTY = ['quote\'s', 'double"quote', '$(touch pwned)', '`touch pwned`', '${HOME}', 'two\nlines', '-n', '--',
         'semi; true', 'back\\slash\\n', 'tab\there', 'ünïcödé Á\u0082\u0088 日本', '*', '~', '!x', '%j %N', '', ' ', "'",
         '#', '\x01\x7f']
SECRET = 'aaXXsecretXXbb'


class TestTasks(SlurmEngineUnderTest):

    def test_variables_and_commands_arrive_letter_by_letter(self, engine, opened, tmp_path):
        variables = {f'V{number}': text for number, text in enumerate(NASTY)}
        show = "python3 -c 'import json, os; print(json.dumps(dict(os.environ)))'"
        launch = self.gang_launch(engine, opened, show, environment=variables)
        assert self.run(engine, launch).exit_codes == (0,)
        seen = json.loads(self.output(launch))
        assert {name: seen[name] for name in variables} == variables
        assert not list(tmp_path.rglob('pwned'))

    @pytest.mark.parametrize('text', NASTY[:12], ids=range(12))
    def test_a_command_is_read_by_its_own_shell_only(self, engine, opened, tmp_path, text):
        import shlex
        launch = self.gang_launch(engine, opened, f'printf %s {shlex.quote(text)}')
        self.run(engine, launch)
        assert self.output(launch) == text

    def test_a_task_has_its_own_variables_and_those_of_slurm_only(self, engine, opened, monkeypatch):
        monkeypatch.setenv('SERVICE_ONLY', 'x')
        launch = self.gang_launch(engine, opened, 'env', environment={'MINE': '1'})
        self.run(engine, launch)
        names = {line.partition('=')[0] for line in self.output(launch).splitlines()}
        left = {name for name in names if not name.startswith('SLURM')}
        assert left <= {'MINE', 'PATH', 'AZ_BATCHAI_LAUNCH', 'PWD', 'SHLVL', '_', 'TMPDIR', 'HOSTNAME', 'ENVIRONMENT',
                        'CUDA_VISIBLE_DEVICES', 'GPU_DEVICE_ORDINAL', 'ROCR_VISIBLE_DEVICES', 'ZE_AFFINITY_MASK'}
        assert {'SLURM_JOB_ID', 'SLURM_JOB_NODELIST', 'SLURM_CONF', 'SLURM_TASKS_PER_NODE'} <= names
        assert not {name for name in names if name.startswith('SLURM_STEP')}

    def test_nodes_of_a_gang_see_the_same_variables_of_slurm_as_one_alone(self, engine, opened):
        alone = self.gang_launch(engine, opened, 'env', name='alone')
        gang = self.gang_launch(engine, opened, 'env', 'env', name='gang')
        for launch in (alone, gang):
            self.run(engine, launch)
        names = [{line.partition('=')[0] for line in self.output(*each).splitlines()}
                 for each in ((alone,), (gang, 0), (gang, 1))]
        devices = re.compile('SLURM_GPUS_ON_NODE|.*VISIBLE_DEVICES|GPU_DEVICE_ORDINAL|ZE_AFFINITY_MASK|SLURM_JOB_.*')
        assert names[1] == names[2]
        assert {name for name in names[0] ^ names[1] if not devices.match(name)} == set()

    def test_variables_that_a_shell_refuses_keep_none_of_the_others_from_the_task(self, engine, opened):
        launch = self.gang_launch(engine, opened, 'echo "$LAST $FIRST"', environment={
            'FIRST': '1', 'UID': '7', 'PPID': '1', 'SHELLOPTS': 'x', 'not-a-name': 'x', 'OPTIND': '3', 'IFS': 'e',
            'PS4': '$(touch pwned)', 'BASH_ENV': '/nowhere', 'ENV': '/nowhere', '_batchai_launch': '/nowhere',
            'LAST': '2'})
        seen = self.run(engine, launch)
        assert (seen.exit_codes, self.output(launch)) == ((0,), '2 1\n')

    def test_interrupts_reach_the_tasks_also_two_on_a_node(self, engine, opened):
        look = "python3 -c 'import signal; print(signal.getsignal(signal.SIGINT) is signal.default_int_handler)'"
        launch = self.gang_launch(engine, opened, (look, look))
        assert self.run(engine, launch).exit_codes == (0, 0)
        assert [self.output(launch, number) for number in (0, 1)] == ['True\n', 'True\n']

    def test_tasks_of_one_node_run_side_by_side(self, engine, opened, tmp_path):
        meet = f'touch {tmp_path}/here-{{}}; until [ -e {tmp_path}/here-{{}} ]; do sleep 0.01; done; exit {{}}'
        launch = self.gang_launch(engine, opened, (meet.format(1, 2, 3), meet.format(2, 1, 4)))
        assert self.run(engine, launch).exit_codes == (3, 4)

    def test_output_is_appended_and_stays_apart(self, engine, opened):
        launch = self.gang_launch(engine, opened, 'echo out; echo err >&2')
        launch.tasks[0].stdout.write_text('before\n')
        self.run(engine, launch)
        assert (self.output(launch), self.errors(launch)) == ('before\nout\n', 'err\n')

    def test_a_task_begins_in_its_folder_without_input(self, engine, opened):
        launch = self.gang_launch(engine, opened, 'pwd; wc -c')
        self.run(engine, launch)
        assert self.output(launch).split() == [str(launch.tasks[0].working_directory), '0']

    def test_a_folder_that_is_not_there_fails_the_task_with_a_word(self, engine, opened):
        launch = self.gang_launch(engine, opened, 'true')
        launch.tasks[0].working_directory.rmdir()
        assert self.run(engine, launch).exit_codes[0]
        assert "can't cd" in self.errors(launch) or 'No such file' in self.errors(launch)

    def test_words_for_nodes_become_their_ids_and_addresses_everywhere(self, engine, opened, slurm_here):
        def files(gang):
            text = ''.join(f'{each.address} {each.id} $(x)\n' for each in gang)
            return {node.folder / 'hosts': text for node in gang}
        launch = self.gang_launch(engine, opened, *[f'echo {id_word(1)} {address_word(0)} "$WHO"; hostname'] * 3,
                                  files=files, environment={'WHO': f"'{id_word(0)}', {address_word(2)} it's"})
        seen = self.run(engine, launch)
        addresses = {node.id: node.address for node in engine.nodes(opened)}
        ids = seen.nodes
        first, host = self.output(launch).splitlines()
        assert first == f"{ids[1]} {addresses[ids[0]]} '{ids[0]}', {addresses[ids[2]]} it's"
        assert slurm_here.addresses[host] == addresses[ids[0]]
        for path in launch.files:
            assert path.read_text() == ''.join(f'{addresses[node]} {node} $(x)\n' for node in ids)
            assert path.stat().st_mode & 0o777 == 0o600

    def test_what_lies_on_a_node_is_seen_in_the_folder_of_the_gang(self, engine, opened):
        for node in engine.nodes(opened):
            (node.folder / 'mounts').mkdir()
            (node.folder / 'mounts' / 'who').write_text(node.id)
        gang = engine.gang(opened, 'launch-1', (), 2)
        launch = self.gang_launch(engine, opened, *(f'cat {node.folder}/mounts/who' for node in gang))
        seen = self.run(engine, launch)
        assert [self.output(launch, number) for number in (0, 1)] == list(seen.nodes)
        later = engine.gang(opened, 'launch-1', seen.nodes, 2)
        assert [node.folder for node in later] == [node.folder for node in gang]
        assert [node.id for node in later] == list(seen.nodes)

    # secrets

    def test_secrets_are_nowhere_but_in_the_folder_of_the_launch_and_the_task(self, engine, opened, slurm_here,
                                                                              tmp_path, monkeypatch):
        monkeypatch.setenv('SERVICE_SECRET', SECRET)
        launch = self.gang_launch(engine, opened, f'true {SECRET}; sleep 1000', f'true {SECRET}; sleep 1000',
                                  environment={'TOKEN': SECRET}, people='night run',
                                  files=lambda gang: {gang[0].folder / 'f': SECRET})
        handle = engine.start(launch)
        self.wait_until_begun(launch)
        job = slurm_here.run('squeue', '--noheader', '--format=%i')
        script = tmp_path / 'script'
        slurm_here.run('scontrol', 'write', 'batch_script', job, str(script))
        assert SECRET not in slurm_here.run('scontrol', 'show', 'job', '-dd', job) + script.read_text()
        assert SECRET not in handle
        places = [slurm_here.folder, tmp_path]
        found = subprocess.run(['grep', '-rls', SECRET, *places], capture_output=True, text=True).stdout.split()
        tasks = {str(launch.folder / name) for name in ('0.node', '1.node')}
        assert set(found) == tasks | {str(path) for path in launch.files}
        for path in found:
            assert os.stat(path).st_mode & 0o777 == 0o600
        assert launch.folder.stat().st_mode & 0o777 == 0o700
        own = {process.pid for process in processes_of(launch)}
        for line in subprocess.run(['ps', '-eo', 'pid=,args='], capture_output=True, text=True).stdout.splitlines():
            if SECRET in line:
                assert int(line.split()[0]) in own
        engine.stop(handle, 0)
        assert self.wait_for_end(engine, handle).state is ENDED

    @pytest.mark.parametrize('name', [
        '-n', '--wrap=x', 'a b', "q'uote", '$(id)', 'two\nlines', '日本', '\x1b[31mred', 'x' * 300])
    def test_a_name_for_people_is_safe_on_their_screens_whatever_it_is(self, engine, opened, slurm_here, name):
        launch = self.gang_launch(engine, opened, 'squeue --noheader --format=%.200j; exit 7', people=name)
        assert self.run(engine, launch).exit_codes == (7,)
        assert re.fullmatch(r'[A-Za-z0-9._-]{1,60}', self.output(launch).strip())

    def test_a_data_folder_with_odd_letters_in_its_name_serves_as_well(self, slurm_here, tmp_path):
        self._made, self._slurm, self._place = [], slurm_here, tmp_path / "it's 100%j of $(x) \"x\" ; ü"
        self._place.mkdir()
        engine = self.new_engine()
        try:
            cluster = self.open_cluster(engine, self._place)
            for count in (1, 2):
                launch = self.gang_launch(engine, cluster, *['pwd'] * count, name=f'launch-{count}')
                assert self.run(engine, launch).exit_codes == (0,) * count
                assert self.output(launch) == f'{launch.tasks[0].working_directory}\n'
                assert (self._place / 'slurm-jobs.log').exists()
        finally:
            engine.close()

    def test_what_no_command_can_hold_is_refused_at_once(self, engine, opened):
        from azext_batchai.service.engines.base import LaunchRejected
        for variables, command in (({'A': 'x\0y'}, 'true'), ({'A=B': '1'}, 'true'), ({'A': 'x' * 140_000}, 'true'),
                                   ({}, 'x' * 140_000), ({}, 'a\0b')):
            with pytest.raises(LaunchRejected):
                engine.start(self.gang_launch(engine, opened, command, environment=variables))
