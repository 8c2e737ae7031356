# One node's part in an allocation: the stages one after the other, in each the tasks of this node. It begins in the
# folder of the allocation. Either batch.sh has it in itself, and set these: _batchai_index, the place of the node in the
# gang, _batchai_news, _batchai_name, and _batchai_id_0 and so on; or it is a process of its own, with the second and the
# third of them for arguments.
if [ -z "$_batchai_index" ]; then
    _batchai_news=$1 _batchai_name=$2
    trap : INT HUP QUIT USR1 USR2
    trap '_batchai_removed=" removed"' TERM
    _batchai_number=0
    while read -r _batchai_id _batchai_address _batchai_node; do
        [ -n "$_batchai_node" ] || continue
        eval "_batchai_id_$_batchai_number=\$_batchai_id _batchai_address_$_batchai_number=\$_batchai_address"
        [ "$_batchai_node" != "$SLURMD_NODENAME" ] || _batchai_index=$_batchai_number
        _batchai_number=$((_batchai_number + 1))
    done <started
fi
# A job that Slurm runs is to see the same on each of its nodes, and no MPI is to take it for a rank that srun started.
unset SLURM_STEPID SLURM_STEP_ID SLURM_STEP_NODELIST SLURM_STEP_NUM_NODES SLURM_STEP_NUM_TASKS \
    SLURM_STEP_TASKS_PER_NODE SLURM_STEP_LAUNCHER_PORT SLURM_SRUN_COMM_HOST SLURM_SRUN_COMM_PORT SLURM_PROCID \
    SLURM_LOCALID SLURM_GTIDS SLURM_TASK_PID SLURM_LAUNCH_NODE_IPADDR SLURM_CPU_BIND SLURM_CPU_BIND_LIST \
    SLURM_CPU_BIND_TYPE SLURM_CPU_BIND_VERBOSE SLURM_DISTRIBUTION SLURM_NTASKS SLURM_NPROCS SLURM_NTASKS_PER_NODE \
    SLURM_UMASK SLURM_PRIO_PROCESS SRUN_DEBUG
SLURM_TASKS_PER_NODE=$SLURM_JOB_CPUS_PER_NODE

for _batchai_shell in /bin/bash /usr/bin/bash /usr/local/bin/bash /bin/sh; do
    [ ! -x "$_batchai_shell" ] || break
done

# $1 is the number of a task. What a launch that is stopped did not begin yet, it never does.
_batchai_begin() {
    [ ! -e "$_batchai_launch/stop" ] || return 137
}

# $1 is the number of a task, $2 its exit code.
_batchai_ended() {
    echo "$2$_batchai_removed" >>"$_batchai_launch/$1.exit"
    echo "$_batchai_name" >>"$_batchai_news"
}

# For a node's second task and those after it, which run in the background: a signal that ends a task must not end the
# shell around it.
_batchai_guard() {
    trap : INT HUP QUIT USR1 USR2
    trap '_batchai_removed=" removed"' TERM
}

# Wait for the processes in _batchai_running; a signal ends a wait before its time.
_batchai_wait() {
    for _batchai_pid in $_batchai_running; do
        while kill -0 "$_batchai_pid" 2>/dev/null; do
            wait "$_batchai_pid"
        done
    done
}

# The line of the stage number $1, whole, in _batchai_line.
_batchai_read() {
    _batchai_number=0
    while IFS= read -r _batchai_line; do
        case $_batchai_line in 'last '* | 'more '*) _batchai_number=$((_batchai_number + 1)) ;; esac
        [ "$_batchai_number" != "$1" ] || return 0
    done <record
    return 1
}

_batchai_stage=1
while :; do
    until _batchai_read "$_batchai_stage"; do
        # Who removed the folder of the last launch, or our own, wants no other one.
        [ -f record ] && [ -d "$_batchai_launch" ] || exit 0
        sleep 0.05
    done 2>/dev/null
    _batchai_launch=${_batchai_line#* }
    _batchai_removed='' _batchai_running=''
    [ ! -f "$_batchai_launch/$_batchai_index.node" ] || . "$_batchai_launch/$_batchai_index.node"
    case $_batchai_line in 'last '*) exit 0 ;; esac
    _batchai_stage=$((_batchai_stage + 1))
done
