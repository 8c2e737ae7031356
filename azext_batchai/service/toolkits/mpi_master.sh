# Runs batchai_command in batchai_count ranks over batchai_hosts: a line a node, as "name ranks".
# batchai_loopback: the interface to use when all nodes are one machine. batchai_agent, batchai_rank: both scripts.
cd "$AZ_BATCHAI_SHARED_JOB_TEMP/.mpi" || exit 1
(umask 077 && printf '%s\n' "$batchai_command" >command &&
    printf 'batchai_loopback=%s\n%s\n' "$batchai_loopback" "$batchai_rank" >rank &&
    printf '#!/bin/sh\nbatchai_loopback=%s\n%s\n' "$batchai_loopback" "$batchai_agent" >agent &&
    chmod 700 agent) || exit 1

batchai_give_up() {
    echo "$1" >>failed
    echo "$2" >&2
    exit 127
}

# $1 stands between a host's name and its number of ranks.
batchai_write_hosts() {
    printf '%s\n' "$batchai_hosts" | sed "s/ /$1/" >hosts
}

# srun takes the place of mpirun. A line of its host file is a rank.
batchai_use_slurm() {
    scontrol show hostnames "$SLURM_JOB_NODELIST" >names && batchai_write_environment || return 1
    batchai_nodes=0
    while read -r batchai_host batchai_ranks && read -r batchai_name <&4; do
        batchai_nodes=$((batchai_nodes + 1))
        while [ "$batchai_ranks" -gt 0 ]; do
            echo "$batchai_name"
            batchai_ranks=$((batchai_ranks - 1))
        done
        # The task that waits there is not needed any more.
        [ "$batchai_nodes" = 1 ] || : >"$batchai_host"
    done >places 4<names <<HOSTS
$batchai_hosts
HOSTS
    export SLURM_HOSTFILE="$PWD/places"
    batchai_loopback= batchai_launcher=srun
    printf 'batchai_slurm=%s\n%s\n' "$1" "$batchai_rank" >rank
}

batchai_crowded() {
    [ -n "$batchai_loopback" ] && [ "$batchai_count" -gt "$(getconf _NPROCESSORS_ONLN 2>/dev/null || echo 1)" ]
}

command -v mpirun >/dev/null || batchai_give_up missing 'mpirun: command not found'
batchai_version=$(mpirun --version 2>&1 </dev/null)
batchai_launcher=mpirun
case $batchai_version in
*'Open MPI) '* | *'OpenRTE) '* | *'Spectrum MPI) '*) batchai_language=pmix ;;
*) batchai_language=pmi2 ;;
esac
if batchai_slurm_speaks "$batchai_language" && batchai_use_slurm "$batchai_language"; then
    batchai_version=Slurm
else
    batchai_forget_slurm
fi
# Intel's mpirun is a script around whichever mpiexec.hydra comes first.
case $batchai_version in
Slurm)
    set -- --overlap --overcommit --input=none --kill-on-bad-exit=1 --distribution=arbitrary \
        --mpi="$batchai_language" --nodes="$batchai_nodes" --export=PATH,HOME,AZ_BATCHAI_SHARED_JOB_TEMP
    ;;
*'Open MPI) '[1-4].* | *'OpenRTE) '[1-4].* | *'Spectrum MPI) '*)
    batchai_write_hosts ' slots='
    # Where it looks for room to share the machine's topology, a daemon in a hundred crashes.
    set -- --hostfile hosts --map-by slot --bind-to none --wdir / --mca plm rsh --mca plm_rsh_agent ./agent \
        --mca rtc_hwloc_vmhole none \
        --mca plm_rsh_no_tree_spawn 1 --mca orte_leave_session_attached 1
    [ -z "$batchai_loopback" ] ||
        set -- "$@" --mca oob_tcp_if_include "$batchai_loopback" --mca btl_tcp_if_include "$batchai_loopback"
    batchai_open_mpi=1
    ;;
*'Open MPI) '*)
    batchai_write_hosts ' slots='
    set -- --hostfile hosts --map-by slot --bind-to none --wdir / --prtemca plm ssh --prtemca plm_ssh_agent ./agent \
        --prtemca plm_ssh_no_tree_spawn 1 --leave-session-attached
    # Its hierarchical collectives take processes of one machine for one node, and hang.
    [ -z "$batchai_loopback" ] ||
        set -- "$@" --mca btl_tcp_if_include "$batchai_loopback" --mca coll_han_priority 0
    batchai_open_mpi=1
    ;;
*Intel*MPI*)
    batchai_write_hosts :
    # mpirun is a script around mpiexec.hydra that sets variables for the libraries; a group makes both end together.
    batchai_leader=setsid batchai_group=-
    set -- -machinefile hosts -bootstrap ssh -bootstrap-exec ./agent -wdir / -genvnone \
        -genvlist I_MPI_ROOT,LD_LIBRARY_PATH,FI_PROVIDER_PATH
    # Pinning takes each node for a machine of its own, and ranks that wait must leave the cores to the others.
    [ -z "$batchai_loopback" ] || set -- "$@" -iface "$batchai_loopback" -genv I_MPI_PIN "${I_MPI_PIN:-0}"
    ! batchai_crowded || set -- "$@" -genv I_MPI_THREAD_YIELD "${I_MPI_THREAD_YIELD:-2}"
    ;;
*HYDRA*)
    batchai_write_hosts :
    set -- -f hosts -launcher ssh -launcher-exec ./agent -wdir / -genvnone
    [ -z "$batchai_loopback" ] || set -- "$@" -iface "$batchai_loopback"
    ;;
*)
    batchai_version=$(printf '%s\n' "$batchai_version" | head -n 1)
    batchai_give_up "unknown $batchai_version" "mpirun is of an unknown kind: $batchai_version"
    ;;
esac
if [ -n "$batchai_open_mpi" ]; then
    # mpirun would tell all daemons what is set for Open MPI, and in one folder they get into each other's way.
    export BATCHAI_TMPDIR="${TMPDIR-}" TMPDIR="$AZ_BATCHAI_JOB_TEMP/.mpi"
    [ "$(id -u)" != 0 ] || set -- "$@" --allow-run-as-root
    ! batchai_crowded || set -- "$@" --mca mpi_yield_when_idle 1
fi

# A rank that fails ends the job soon, whatever mpirun makes of it: Open MPI takes its time, Hydra may go on.
mkfifo over 2>/dev/null
{
    read -r batchai_line <>over || exit
    batchai_target=$batchai_group$(cat mpirun.pid)
    [ -n "$batchai_open_mpi" ] || kill -TERM -- "$batchai_target"
    sleep 1.5 && kill -KILL -- "$batchai_target"
} >/dev/null 2>&1 &
batchai_watcher=$!
# The shell's own word on an mpirun that was killed is no news.
exec 3>&2 2>/dev/null
# An mpirun that is told to end cleans up first, and this shell waits for it.
trap : TERM INT HUP
sh -c 'echo $$ >mpirun.pid; exec "$@"' sh $batchai_leader "$batchai_launcher" "$@" -n "$batchai_count" \
    sh -c '. "$AZ_BATCHAI_SHARED_JOB_TEMP/.mpi/rank"' 2>&3 3>&-
batchai_code=$?
kill "$batchai_watcher"
for batchai_word in rank lost; do
    while read -r batchai_kind batchai_rank batchai_end batchai_first; do
        [ "$batchai_kind" != "$batchai_word" ] || exit "$batchai_first"
    done <failed
done
exit "$batchai_code"
