"""The shell commands, for the host of a node, that start a container, run a job in it and remove it. Pure.

The container's own first process does nothing. Each stage of a job is then a command in it, of which podman or docker
only see the start: its output goes straight to the logs, and its exit code comes through a named pipe. So nothing
stands between a job and its signals, and nothing of its output is lost when whoever passes it on is stopped first.
"""
from __future__ import annotations

import shlex
from dataclasses import dataclass
from pathlib import Path
from typing import Iterable

from azext_batchai.service.containers.image import Image
from azext_batchai.service.containers.registry import AUTH_FILE
from azext_batchai.service.containers.runtime import Runtime
from azext_batchai.service.engines.trees import MARK

JOB_LABEL = 'batchai.job'
DATA_LABEL = 'batchai.data'

# Exit codes: what podman and docker say of themselves, and what a shell says of a process that was killed.
_RUNTIME_FAILED = 125
_KILLED = 137

# Shell builtins only, for images that have little else. Standard input stays open, so the reader never ends; the
# shell waits, and collects whatever orphans end meanwhile. Only the container's removal ends it.
_FIRST_PROCESS = "trap '' TERM INT HUP; exec 3<&0; (read -r nothing <&3) & wait $!"

# $1 environment file, $2 command, $3 and $4 files for its output. What opens the report and says nothing was killed.
_IN_CONTAINER = '''trap : TERM INT HUP QUIT USR1 USR2
exec 4>"$1.exit" || exit
(exec 2>&4; exec >>"$3" && exec >>"$4") || exit
exec >>"$3" 2>>"$4"
(set -- "$1" "$2" "$(command -v bash || command -v sh)"; . "$1"; exec "$3" -c "$2") 4>&-
echo $? >&4
'''

# podman asks for more than it may where the service's own limits are fixed. The most that it can have then: the
# service's own, and of processes no more than there can be, which podman already holds itself to.
_LIMITS = '''limits() {
    read -r most </proc/sys/kernel/pid_max
    while read -r line; do
        set -- $line
        case $line in
        'Max open files'*) files=$5 ;;
        'Max processes'*) processes=$4 ;;
        esac
    done </proc/self/limits
    [ "$processes" != unlimited ] && [ "$processes" -lt "$most" ] || processes=$most
    echo "--ulimit nofile=$files:$files --ulimit nproc=$processes:$processes"
}
'''


@dataclass(frozen=True)
class Container:
    """`job` is a guid and `data_dir` the service's: labels to find it by. `paths` are bound at their own places.

    `gpus` are the host's numbers. `shm_bytes` 0 leaves the size to the runtime. A `hostname` of its own keeps programs
    apart that take one host name for one node; without, it is the host's.
    """
    name: str
    job: str
    data_dir: Path
    paths: tuple[Path, ...]
    gpus: tuple[int, ...] = ()
    shm_bytes: int = 0
    hostname: str = ''


def container_name(job: str, node_id: str) -> str:
    """The name of a job's container on a node."""
    return f'batchai-{job}-{node_id}'


def start_command(runtime: Runtime, container: Container, image: Image, auth_folder: Path | None = None) -> str:
    """Ends with 0 once the container runs, pulling its image when that is not on the machine; else the runtime's own
    complaint is on stderr, and nothing is left of the container. One of the same name is replaced.

    `auth_folder` has the credentials in an AUTH_FILE (`registry.auth_text`). All begins in ``/``: what the runtime
    leaves behind stays where it began, and an engine may end what is at work in a job's folder.
    """
    call = _call(runtime)
    run = [_LIMITS if runtime.name == 'podman' else '',
           'runtime= limits=\n',
           'start() {\n',
           f'    {_removal(runtime, container.name)}\n' if runtime.name == 'docker' else '',
           f'    complaint=$({call} $runtime run {shlex.join(_run_options(runtime, container))} $limits '
           f'{shlex.join(runtime.run_options)} --entrypoint sh "$image" -c {shlex.quote(_FIRST_PROCESS)} '
           '2>&1 >/dev/null)\n',
           '}\n', 'start', *_second_tries(runtime), ' || {\n',
           '    printf \'%s\\n\' "$complaint" >&2\n',
           "    case $complaint in *xecutable*'not found'*) echo 'the image needs a shell (sh)' >&2 ;; esac\n",
           f'    {call} rm -f -v {shlex.quote(container.name)} >/dev/null 2>&1\n',
           f'    exit {_RUNTIME_FAILED}\n', '}\n']
    return _for_sh('cd / || exit\n' + _pull(runtime, image, auth_folder) + ''.join(run))


def _pull(runtime: Runtime, image: Image, auth_folder: Path | None) -> str:
    """Sets ``$image`` to the name under which the image is here. An image of that name made here comes first, as it
    does with docker, which calls both the same."""
    call = _call(runtime)
    options, before = ['-q'], ''
    look, names = f'{call} image inspect "$image" >/dev/null 2>&1', [image.full]
    if runtime.name == 'podman':
        look, names = f'{call} image exists "$image"', [*filter(None, [image.local]), image.full]
        options += ['--authfile', str(auth_folder / AUTH_FILE)] if auth_folder else []
        options += ['--tls-verify=false'] if image.plain_http else []
    elif auth_folder:
        # The user's own configuration also says where the docker service is; only the credentials are to be others.
        before = (f"host=$({call} context inspect --format '{{{{.Endpoints.docker.Host}}}}' 2>/dev/null) && "
                  f'export DOCKER_HOST="$host" && unset DOCKER_CONTEXT\n')
        call = f'DOCKER_CONFIG={shlex.quote(str(auth_folder))} {call}'
    tries = ' || '.join(f'{{ image={shlex.quote(name)}; {look}; }}' for name in names)
    return f'{before}{tries} ||\n    {call} pull {shlex.join(options)} "$image" >/dev/null || exit {_RUNTIME_FAILED}\n'


def _run_options(runtime: Runtime, container: Container) -> list[str]:
    options = ['-d', '-i', '--name', container.name, '--label', f'{JOB_LABEL}={container.job}', '--label',
               f'{DATA_LABEL}={container.data_dir}', '--network', 'host', '--user', '0:0', '--workdir', '/',
               '--security-opt', 'label=disable', '--no-healthcheck', '--log-driver', 'none', '--stop-timeout', '0',
               '--pull', 'never']
    if runtime.name == 'podman':
        options += ['--replace', *(word for gpu in container.gpus for word in ('--device', f'nvidia.com/gpu={gpu}'))]
    elif container.gpus:
        options += ['--gpus', f'"device={",".join(map(str, container.gpus))}"']
    if container.hostname:
        options += ['--hostname', container.hostname, '--add-host', f'{container.hostname}:127.0.0.1']
    if container.shm_bytes:
        options += ['--shm-size', f'{container.shm_bytes}b']
    for path in container.paths:
        options += ['--mount', _bind(path)]
    return options


def _bind(path: Path) -> str:
    """The value is a line of CSV, so that a path may have commas."""
    parts = ('type=bind', f'source={path}', f'destination={path}')
    return ','.join(f'"{part}"' if ',' in part else part for part in parts)


def _second_tries(runtime: Runtime) -> Iterable[str]:
    """podman where it has less rights than it expects, as in a container itself: first with the limits that the
    service has, then with the other of the two programs that it starts containers with."""
    if runtime.name != 'podman':
        return
    yield ' || case $complaint in *rlimit*) limits=$(limits); start ;; *) false ;; esac'
    if not any(word.partition('=')[0] == '--runtime' for word in runtime.global_options):
        yield (' || case $complaint in *crun:*) command -v runc >/dev/null && runtime="--runtime runc" && start ;; '
               '*) false ;; esac')


def exec_command(runtime: Runtime, name: str, environment_file: Path, working_directory: Path, command: str,
                 stdout: Path, stderr: Path) -> str:
    """Runs `command` in the container, with bash where it has one, and ends with its exit code. 125 and a complaint on
    stderr when the command could not be started.

    All paths are ones that the container has. Output is appended to `stdout` and `stderr`; `environment_file` is a
    file of this task alone, with the text of `variables.environment_file_text`.
    """
    report = shlex.quote(f'{environment_file}.exit')
    inner = shlex.join(['--env', MARK, '--workdir', str(working_directory), name, 'sh', '-c', _IN_CONTAINER, 'batchai',
                        str(environment_file), command, str(stdout), str(stderr)])
    return _for_sh(
        f'rm -f {report} && mkfifo -m 600 {report} || exit {_RUNTIME_FAILED}\n'
        f'{_call(runtime)} exec -d {inner} >/dev/null || {{ rm -f {report}; exit {_RUNTIME_FAILED}; }}\n'
        f"""(
    trap '' TERM INT HUP
    read -r code <{report}
    case $code in
    '') exit {_KILLED} ;;
    *[!0-9]*) printf '%s\\n' "$code" >&2; exit {_RUNTIME_FAILED} ;;
    *) exit "$code" ;;
    esac
) & reader=$!
trap {shlex.quote(_on_signal(runtime, name))} TERM INT HUP
while :; do
    wait "$reader"
    code=$?
    kill -0 "$reader" 2>/dev/null || break
done
rm -f {report}
exit "$code"
""")


def _on_signal(runtime: Runtime, name: str) -> str:
    """The engine signals all processes of a launch. Those that docker's service runs are not ours to signal, unless
    we are root."""
    if runtime.name != 'docker':
        return ':'
    return f"[ \"$(id -u)\" = 0 ] || {_call(runtime)} exec {shlex.quote(name)} sh -c 'kill -TERM -1'"


def remove_command(runtime: Runtime, name: str) -> str:
    """Removes a container with everything in it, at once. One that is not there is no failure."""
    return _for_sh(_removal(runtime, name))


def _removal(runtime: Runtime, name: str) -> str:
    return (f'complaint=$({_call(runtime)} rm -f -v {shlex.quote(name)} 2>&1) || case $complaint in '
            f"""*'o such container'*) ;; *) printf '%s\\n' "$complaint" >&2; exit {_RUNTIME_FAILED} ;; esac""")


def remove_all_command(runtime: Runtime, label: str, value: str) -> str:
    """Removes all containers of a job (JOB_LABEL, its guid), or of a service (DATA_LABEL, its data folder)."""
    call = _call(runtime)
    which = shlex.join(['--filter', f'label={label}={value}'])
    return _for_sh(f'found=$({call} ps -a -q {which}) || exit\n[ -z "$found" ] || {call} rm -f -v $found >/dev/null\n')


def _call(runtime: Runtime) -> str:
    return shlex.join([runtime.path, *runtime.global_options])


def _for_sh(script: str) -> str:
    """A command line for whichever shell the engine has."""
    return f'exec sh -c {shlex.quote(script)}'
