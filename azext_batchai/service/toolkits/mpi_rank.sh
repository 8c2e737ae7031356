# One rank: runs the command in this node's own folder, and writes down how it failed.
batchai_dir=$AZ_BATCHAI_SHARED_JOB_TEMP/.mpi
if [ -n "$batchai_slurm" ]; then
    until [ -f "$batchai_dir/environment.$SLURMD_NODENAME" ]; do sleep 0.1; done
    . "$batchai_dir/environment.$SLURMD_NODENAME"
    # What mpirun would have told.
    export OMPI_COMM_WORLD_RANK="$SLURM_PROCID" OMPI_COMM_WORLD_SIZE="$SLURM_NTASKS" \
        OMPI_COMM_WORLD_LOCAL_RANK="$SLURM_LOCALID" MPI_LOCALRANKID="$SLURM_LOCALID"
fi
cd "$AZ_BATCHAI_JOB_TEMP" && unset OLDPWD || exit 1
if [ -n "${BATCHAI_TMPDIR+x}" ]; then
    TMPDIR=$BATCHAI_TMPDIR
    [ -n "$TMPDIR" ] || unset TMPDIR
    unset BATCHAI_TMPDIR
fi
if [ -n "$batchai_loopback" ]; then
    # Open MPI names its shared memory after the machine, which all nodes are here.
    export OMPI_MCA_btl_vader_backing_directory="$PWD/.mpi" OMPI_MCA_btl_sm_backing_directory="$PWD/.mpi"
fi
# The shell's own word on a rank that was told to end is no news.
exec 3>&2 2>/dev/null
trap 'batchai_told=1' TERM INT HUP
"$(command -v bash || echo sh)" -c "$(cat "$batchai_dir/command")" 2>&3 3>&-
batchai_code=$?
# Ranks that end by SIGTERM were told to. Open MPI 5 ends those that lose a neighbour with 14.
batchai_word=rank
[ "$batchai_code" != 14 ] || batchai_word=lost
if [ "$batchai_code" != 0 ] && [ "$batchai_code" != 143 ] && [ -z "$batchai_told" ]; then
    echo "$batchai_word ${OMPI_COMM_WORLD_RANK:-$PMI_RANK} exit $batchai_code" >>"$batchai_dir/failed"
    [ ! -p "$batchai_dir/over" ] || echo over 1<>"$batchai_dir/over"
fi
exit "$batchai_code"
