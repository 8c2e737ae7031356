"""Each toolkit as jobs that run `record.py`, and what its table says each process is (semantics sheet, sections 2, 3).
"""
from dataclasses import dataclass, field

from recorded_jobs import RECORD

# The shell of the node takes these apart; the variable with no such name leaves nothing behind.
ARGUMENTS = '--name "two words" $AZ_BATCHAI_NO_SUCH_NAME --model $AZ_BATCHAI_OUTPUT_MODEL --key=$KEY'


@dataclass(frozen=True)
class Expected:
    """A process: `node` counts from 0, `log` is the part of the names of both its logs before ``.txt``."""
    node: int
    rank: int
    log: str = ''
    role: str = ''
    variables: dict = field(default_factory=dict)


@dataclass(frozen=True)
class Case:
    """`first` are the arguments that the toolkit puts before those of the user, with variables unexpanded."""
    name: str
    nodes: int
    settings: dict
    processes: list
    first: tuple = ()
    programs: tuple = ()
    slots: tuple = ()

    def __str__(self):
        return self.name

    @property
    def by_mpi(self):
        return any('OMPI_COMM_WORLD_RANK' in process.variables for process in self.processes)


SCRIPT = {'pythonScriptFilePath': RECORD, 'commandLineArgs': ARGUMENTS}


def _by_mpi(*nodes, **variables):
    return [Expected(node, rank, '', '', {'OMPI_COMM_WORLD_RANK': str(rank), 'OMPI_COMM_WORLD_SIZE': str(len(nodes)),
                                          'OMPI_COMM_WORLD_LOCAL_RANK': str(nodes[:rank].count(node)), **variables})
            for rank, node in enumerate(nodes)]


def _pytorch(backend, nodes):
    """The ranks of a job that PyTorch itself brings together."""
    return [Expected(node, rank, f'-{rank}', '', {
        'AZ_BATCHAI_TASK_INDEX': str(rank), 'AZ_BATCHAI_PYTORCH_BACKEND': backend, 'RANK': str(rank),
        'WORLD_SIZE': str(len(nodes)), 'LOCAL_RANK': str(nodes[:rank].count(node)),
        'LOCAL_WORLD_SIZE': str(nodes.count(node)), 'MASTER_ADDR': '127.0.0.1'}) for rank, node in enumerate(nodes)]


def _tensorflow(role, node, number, log, **variables):
    return Expected(node, number, log, role, {'AZ_BATCHAI_TASK_INDEX': str(number), 'KERAS_BACKEND': 'tensorflow',
                                              **variables})


CASES = [
    Case('custom', 2, {'customToolkitSettings': {'commandLine': f'python3 {RECORD} {ARGUMENTS}'}}, [Expected(0, 0)],
         slots=(1, 1)),
    Case('customMpi', 2, {'customMpiSettings': {'commandLine': f'python3 {RECORD} {ARGUMENTS}', 'processCount': 4}},
         _by_mpi(0, 0, 1, 1), slots=(2, 2)),
    Case('horovod', 2, {'horovodSettings': {**SCRIPT, 'processCount': 3}}, _by_mpi(0, 0, 1), slots=(2, 1)),
    Case('cntk-python', 2, {'cntkSettings': SCRIPT}, _by_mpi(0, 1, KERAS_BACKEND='cntk'), slots=(1, 1)),
    Case('cntk-python-alone', 1, {'cntkSettings': {**SCRIPT, 'languageType': 'python'}},
         [Expected(0, 0, variables={'KERAS_BACKEND': 'cntk'})], slots=(1,)),
    Case('cntk-brainscript', 2,
         {'cntkSettings': {'configFilePath': '$AZ_BATCHAI_INPUT_SCRIPT/a.cntk', 'commandLineArgs': ARGUMENTS}},
         _by_mpi(0, 1, KERAS_BACKEND='cntk'), ('configFile=$AZ_BATCHAI_INPUT_SCRIPT/a.cntk',), ('cntk',), (1, 1)),
    Case('tensorflow', 2, {'tensorFlowSettings': {
        'pythonScriptFilePath': RECORD, 'masterCommandLineArgs': ARGUMENTS, 'workerCommandLineArgs': ARGUMENTS,
        'parameterServerCommandLineArgs': ARGUMENTS, 'workerCount': 3, 'parameterServerCount': 2}}, [
            _tensorflow('chief', 0, 0, '-wk-0', LOCAL_RANK='0'), _tensorflow('worker', 1, 1, '-wk-1', LOCAL_RANK='0'),
            _tensorflow('worker', 0, 2, '-wk-2', LOCAL_RANK='1'), _tensorflow('ps', 0, 0, '-ps-0'),
            _tensorflow('ps', 1, 1, '-ps-1')], slots=(1, 1)),
    Case('tensorflow-alone', 1, {'tensorFlowSettings': {'pythonScriptFilePath': RECORD,
                                                        'masterCommandLineArgs': ARGUMENTS}},
         [_tensorflow('', 0, 0, '-wk-0')], slots=(1,)),
    Case('pytorch-gloo', 2, {'pyTorchSettings': {**SCRIPT, 'communicationBackend': 'gloo', 'processCount': 3}},
         _pytorch('gloo', [0, 0, 1]), slots=(1, 1)),
    Case('pytorch-tcp', 2, {'pyTorchSettings': {**SCRIPT, 'communicationBackend': 'TCP'}}, _pytorch('tcp', [0, 1]),
         slots=(1, 1)),
    Case('pytorch-alone', 1, {'pyTorchSettings': SCRIPT}, [Expected(0, 0, '-0', '', {'AZ_BATCHAI_TASK_INDEX': '0'})],
         slots=(1,)),
    Case('pytorch-mpi', 2, {'pyTorchSettings': {**SCRIPT, 'communicationBackend': 'mpi'}},
         [Expected(each.node, each.rank, '', '', {**each.variables, 'AZ_BATCHAI_TASK_INDEX': str(each.rank),
                                                  'AZ_BATCHAI_PYTORCH_BACKEND': 'mpi'}) for each in _by_mpi(0, 1)],
         slots=(1, 1)),
    Case('caffe-config', 1, {'caffeSettings': {'configFilePath': '$AZ_BATCHAI_INPUT_SCRIPT/solver.prototxt',
                                               'commandLineArgs': ARGUMENTS}},
         [Expected(0, 0)], ('train', '--solver=$AZ_BATCHAI_INPUT_SCRIPT/solver.prototxt'), ('caffe',), (1,)),
    Case('caffe-script', 2, {'caffeSettings': SCRIPT}, _by_mpi(0, 1), slots=(1, 1)),
    Case('caffe2', 2, {'caffe2Settings': SCRIPT},
         [Expected(rank, rank, f'-{rank}', '', {'AZ_BATCHAI_TASK_INDEX': str(rank)}) for rank in range(2)],
         slots=(1, 1)),
    Case('chainer', 2, {'chainerSettings': SCRIPT}, _by_mpi(0, 1), slots=(1, 1)),
]
