"""Options of `job`, `job file` and `job node`."""
from __future__ import annotations

from typing import Any

from azext_batchai import _completers as complete
from azext_batchai import _validators as check
from azext_batchai.params import common

_NAME = ['--name', '-n']
# Commands for what a job has: 2018-05 says -j, 2018-03 says -n where that is nothing else.
_OF_A_JOB = ['--job', '-j', '--job-name']
_EXPERIMENT = ['--experiment', '-e']


def load_arguments(loader: Any) -> None:
    common.place(loader, 'batchai job', 'jobs')
    common.list_place(loader, 'batchai job list')
    with loader.argument_context('batchai job') as c:
        c.argument('job_name', options_list=_NAME, id_part='child_name_2', help='Name of the job.',
                   completer=complete.jobs, validator=check.known_name_validator('job_name', '--name/-n'))
        c.argument('experiment', options_list=_EXPERIMENT, id_part='child_name_1', completer=complete.experiments,
                   validator=check.name_validator('experiment', '--experiment/-e'),
                   help='Name of the experiment. Without it, every experiment is searched, migrated ones first.')
    with loader.argument_context('batchai job list') as c:
        c.argument('experiment', id_part=None, help='Name of the experiment. Default: every experiment.')
    _create(loader)
    _wait(loader)
    _files(loader)
    _nodes(loader)


def _create(loader: Any) -> None:
    with loader.argument_context('batchai job create') as c:
        c.argument('job_name', validator=check.name_validator('job_name', '--name/-n'))
        common.location(c)
        common.dry_run(c)
        c.argument('experiment', help='Name of the experiment. Default: migrated, made on the way if missing.')
        c.argument('config_file', options_list=['--config-file', '--config', '-f'], required=False,
                   completer=common.file_completer(), help='Path of a JSON file with the properties of the job.')
        c.extra('cluster_or_config', options_list=['-c'], validator=check.sort_out_c,
                completer=common.file_completer(), help='The config file; beside --config-file/-f, the cluster.')
        c.argument('cluster', options_list=['--cluster', '--cluster-name', '-r'], completer=complete.clusters,
                   validator=check.filled('cluster', '--cluster/-r'),
                   help='Name or resource id of the cluster to run on, instead of the one in the config file.')
        c.argument('cluster_resource_group', options_list=['--cluster-resource-group'],
                   validator=check.other_group_validator('cluster_resource_group', '--cluster-resource-group'),
                   completer=complete.resource_groups,
                   help='Resource group of the cluster, if it is not that of the job.')
        c.argument('wait', options_list=['--wait'], action='store_true',
                   help="Wait until the job has ended, and exit with the job's own exit code.")
        c.argument('stream', options_list=['--stream'], action='store_true',
                   help="Print the job's standard output until it has ended, and exit with the job's own exit code.")
    common.mounts(loader, 'batchai job create')


def _wait(loader: Any) -> None:
    with loader.argument_context('batchai job wait') as c:
        common.wait_times(c, 'job', 'as soon as it ends')
        c.argument('custom', options_list=['--custom'], validator=check.filled('custom', '--custom'),
                   help='Wait until this JMESPath condition holds for the job as `job show` prints it, for '
                        "example \"executionState=='running'\", instead of the end of the job.")


def _files(loader: Any) -> None:
    for command in ('list-files', 'stream-file', 'file'):
        with loader.argument_context(f'batchai job {command}') as c:
            c.argument('output_directory_id', options_list=['--output-directory-id', '-d'],
                       completer=complete.directory_ids,
                       validator=check.filled('output_directory_id', '--output-directory-id/-d'),
                       help="Id of the job's output directory, as in outputDirectories of its config file, or "
                            'stdouterr, which has the standard output and error files.')
            common.path(c)
            common.expiry(c)
    for command in ('list-files', 'file list', 'file stream', 'file download', 'node list', 'list-nodes'):
        with loader.argument_context(f'batchai job {command}') as c:
            c.argument('job_name', options_list=[*_OF_A_JOB, *_NAME])
    for command in ('list-files', 'file list'):
        with loader.argument_context(f'batchai job {command}') as c:
            c.argument('experiment', options_list=['--experiment'])
            c.extra('experiment_or_expiry', options_list=['-e'], validator=check.sort_out_e,
                    help='The experiment; without --workspace a whole number means --expiry.')
    with loader.argument_context('batchai job stream-file') as c:
        c.argument('job_name', options_list=_OF_A_JOB,
                   validator=check.known_name_validator('job_name', '--job-name/-j'))
    for command, options in (('stream-file', [*_NAME, '--file-name', '-f']), ('file stream', ['--file-name', '-f'])):
        with loader.argument_context(f'batchai job {command}') as c:
            c.argument('file_name', options_list=options, completer=complete.output_file_names,
                       validator=check.filled('file_name', '/'.join(options[:2])),
                       help="Name of the file. Default: stdout.txt, or the toolkit's first log.")
            c.argument('all_files', options_list=['--all'], action='store_true', validator=check.in_turn,
                       help='Follow every log of every rank, each line with the name of its file before it.')
    with loader.argument_context('batchai job file download') as c:
        c.argument('file_name', options_list=['--file-name', '-f'], completer=complete.output_file_names,
                   validator=check.filled('file_name', '--file-name/-f'),
                   help='Name of the one file to download. Default: the whole directory.')
        c.argument('destination', options_list=['--destination'], completer=common.file_completer(),
                   validator=check.filled('destination', '--destination'),
                   help='Folder to put the files into, made if missing.')
        c.argument('overwrite', options_list=['--overwrite'], action='store_true', validator=check.in_turn,
                   help='Replace files that are there and that no download of this job wrote, or that were changed '
                        'since.')


def _nodes(loader: Any) -> None:
    with loader.argument_context('batchai job node exec') as c:
        c.argument('job_name', options_list=_OF_A_JOB, validator=check.known_name_validator('job_name', '--job/-j'))
        common.node_exec(c)
