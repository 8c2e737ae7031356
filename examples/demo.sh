#!/bin/sh
# Train on a cluster of one node, watch it, look at what it left, run a job on two nodes, and put everything away again.
# Run through `make demo`, which installs what this needs. Everything it writes is in one temporary folder:
# the service's data, the CLI's settings and the job's files. Your own ~/.azure is not touched.
#
# Nodes are slots of this machine. With the argument slurm they are those of the Slurm cluster that this machine belongs
# to: then the temporary folder is in your home folder, or in $TMPDIR, which the nodes have to see. Where there is no
# Slurm cluster, and you are root, one of four nodes is started on this machine.
set -eu

here=$(cd "$(dirname "$0")" && pwd)
root=$(dirname "$here")
az_program=${AZ:-$root/.venv/bin/az}
[ -x "$az_program" ] || { echo "$az_program is not there: run 'make install' first" >&2; exit 1; }

engine=${1:-process}
slurm_started=
base=${TMPDIR:-/tmp}
if [ "$engine" = slurm ]; then
    if timeout 20 sinfo > /dev/null 2>&1; then
        base=${TMPDIR:-$HOME}
    elif [ "$(id -u)" -eq 0 ]; then
        slurm_started=yes
    else
        echo 'No Slurm cluster answers sinfo here. As root, the demo starts one of its own.' >&2
        exit 1
    fi
fi
folder=$(mktemp -d "$base/batchai-demo.XXXXXX")
service_started=
job_created=

export AZURE_CONFIG_DIR="$folder/azure"
export AZURE_EXTENSION_DIR="${AZURE_EXTENSION_DIR:-$root/.venv/cliextensions}"
export AZURE_CORE_COLLECT_TELEMETRY=no
export AZURE_CORE_SURVEY_MESSAGE=no
# Without this az says on every command that the extension replaces a built-in one.
export AZURE_CORE_ONLY_SHOW_ERRORS=yes
export AZURE_EXTENSION_USE_DYNAMIC_INSTALL=no
# What would send these commands elsewhere, or add mounts to the cluster.
unset AZURE_BATCHAI_ENDPOINT AZURE_BATCHAI_STORAGE_ACCOUNT AZURE_BATCHAI_STORAGE_KEY

az() {
    "$az_program" "$@" < /dev/null
}

# Show a command as one would type it, then run it.
run() {
    show "$@"
    "$@"
}

show() {
    printf '\n$'
    for word in "$@"; do
        case $word in
            *[!A-Za-z0-9_./:=-]* | '') printf ' "%s"' "$word" ;;
            *) printf ' %s' "$word" ;;
        esac
    done
    printf '\n'
}

clean_up() {
    result=$?
    trap - EXIT
    trap '' HUP INT TERM
    if [ -n "$job_created" ]; then
        az batchai job terminate -n demoJob -g demoGroup -y > /dev/null 2>&1 || true
        az batchai job terminate -n demoGang -g demoGroup -y > /dev/null 2>&1 || true
    fi
    if [ -n "$service_started" ]; then
        az batchai service stop > /dev/null 2>&1 || kill_service
    fi
    cd /
    if [ -n "$slurm_started" ]; then
        test_slurm stop > /dev/null || true
    fi
    rm -rf "$folder"
    if [ "$result" -ne 0 ]; then
        echo "The demo failed (exit code $result)." >&2
    fi
    exit "$result"
}

# A Slurm cluster of four nodes on this machine.
test_slurm() {
    "$(dirname "$az_program")/python" "$root/tests/slurm/cluster.py" "$1" "$folder/slurm" ${2:-}
}

# Only for a service that its own command could not stop.
kill_service() {
    pid=$(sed -n 's/.*"pid": *\([0-9][0-9]*\).*/\1/p' "$AZURE_CONFIG_DIR/batchai/service.json" 2> /dev/null) || return 0
    [ -n "$pid" ] || return 0
    case $(ps -o args= -p "$pid" 2> /dev/null) in
        *azext_batchai*) kill "$pid" 2> /dev/null || true ;;
    esac
}

# The job's state and exit code as a table. The stream ends with the job, so waiting here is for a service in trouble.
show_job() {
    show az batchai job show -n demoJob -g demoGroup --query "$1" -o table
    tries=0
    while :; do
        table=$(az batchai job show -n demoJob -g demoGroup --query "$1" -o table)
        outcome=$(printf '%s\n' "$table" | tail -n 1)
        case $outcome in
            succeeded* | failed*) break ;;
        esac
        tries=$((tries + 1))
        [ "$tries" -lt 20 ] || break
        sleep 1
    done
    printf '%s\n' "$table"
}

trap clean_up EXIT
trap 'exit 129' HUP
trap 'exit 130' INT
trap 'exit 143' TERM

began=$(date +%s)
mkdir "$folder/work"
cp -R "$here/digits" "$here/gang" "$folder/work/"
cp "$here/digits/job.json" "$folder/job.json"
cp "$here/gang/job.json" "$folder/gang.json"
sed "s|/path/to/work|$folder/work|" "$here/digits/cluster.json" > "$folder/cluster.json"
cd "$folder"

if [ -n "$slurm_started" ]; then
    SLURM_CONF=$(test_slurm start --tuned)
    export SLURM_CONF
fi
service_started=yes
if [ "$engine" = slurm ]; then
    run az batchai service start --engine slurm -o table
    run sinfo
else
    run az batchai service start -o table
fi

run az batchai cluster create -l eastus -g demoGroup -n demoCluster -s Standard_NC6 -i UbuntuLTS \
    --min 1 --max 1 -u demoUser -p demoPassword -c cluster.json -o table
run az batchai cluster list -o table

job_created=yes
run az batchai job create -l eastus -g demoGroup -n demoJob -r demoCluster -c job.json -o table
[ "$engine" != slurm ] || run squeue --me
run az batchai job stream-file -j demoJob -g demoGroup -d stdouterr -n stdout.txt
show_job '{state:executionState, exitCode:executionInfo.exitCode}'
if [ "$(printf '%s' "$outcome" | tr -s ' ')" != 'succeeded 0' ]; then
    echo "The job should have succeeded with exit code 0. What it, or the service, said:" >&2
    find work -name stderr.txt -exec cat {} + >&2
    tail -n 20 "$AZURE_CONFIG_DIR/batchai/service.log" >&2 || true
    exit 1
fi
run az batchai job list -o table

run az batchai job list-files -n demoJob -g demoGroup -d stdouterr -o table
run az batchai job list-files -n demoJob -g demoGroup -d MODEL -o table
metrics=$(find work -name metrics.json)
[ -n "$metrics" ] || { echo 'The job left no metrics.json.' >&2; exit 1; }
run cat "$metrics"

run az batchai cluster resize -n demoCluster -g demoGroup -t 2 -o table
run az batchai job create -l eastus -g demoGroup -n demoGang -r demoCluster -c gang.json --wait \
    --query '{job:name, tool:toolType, nodes:nodeCount, state:executionState, exitCode:executionInfo.exitCode}' -o table
run az batchai job file stream -n demoGang -g demoGroup --all

run az batchai job delete -n demoJob -g demoGroup -y
run az batchai job delete -n demoGang -g demoGroup -y
job_created=
run az batchai cluster delete -n demoCluster -g demoGroup -y
run az batchai service stop
service_started=

printf '\n%s seconds from the start of the service to its stop.\n' "$(($(date +%s) - began))"
