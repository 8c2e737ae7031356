# Waits for the command line of the MPI daemon that mpirun wants on this node, and runs it. batchai_host: its name.
# batchai_node: its index. Nodes of one machine hand it over through a pipe, others through a file both see.
cd "$AZ_BATCHAI_SHARED_JOB_TEMP/.mpi" || exit 1
[ -z "$SLURM_JOB_ID" ] || batchai_write_environment
if [ -n "$batchai_loopback" ]; then
    mkfifo "$batchai_host" 2>/dev/null
else
    until [ -f "$batchai_host" ]; do sleep 0.1; done
fi
batchai_daemon=$(cat "$batchai_host" 2>/dev/null)
export OMPI_MCA_orte_tmpdir_base="$AZ_BATCHAI_JOB_TEMP/.mpi"
[ -n "$batchai_daemon" ] || exit 0
batchai_forget_slurm
# A daemon that is told to end cleans up first, and this shell waits for it.
trap : TERM INT HUP
sh -c "$batchai_daemon"
batchai_code=$?
case $batchai_code in 126 | 127) echo "daemon $batchai_node exit $batchai_code" >>failed ;; esac
if [ -n "$batchai_loopback" ]; then
    echo "$batchai_code" 1<>"$batchai_host.ended"
else
    echo "$batchai_code" >"$batchai_host.code" && mv "$batchai_host.code" "$batchai_host.ended"
fi
exit "$batchai_code"
