# Within a Slurm job Slurm itself starts the ranks, where it speaks the language of the MPI. Elsewhere MPI must not see
# that it is in one, or it would ask Slurm for the nodes.
batchai_forget_slurm() {
    [ -n "$SLURM_JOB_ID" ] || return 0
    for batchai_name in $(env | sed -n 's/^\(\(SLURM\|PMI\|PMIX\)[A-Z]*_[A-Z0-9_]*\)=.*/\1/p'); do
        unset "$batchai_name"
    done
}

# $1: pmix or pmi2.
batchai_slurm_speaks() {
    [ -n "$SLURM_JOB_ID" ] && command -v srun >/dev/null || return 1
    case $(srun --mpi=list 2>&1) in *"$1"*) return 0 ;; *) return 1 ;; esac
}

# Writes down this node's environment, which the ranks there are given.
batchai_write_environment() {
    batchai_file=environment.$SLURMD_NODENAME
    (umask 077 && batchai_forget_slurm && sh -c 'export -p' >"$batchai_file.new") &&
        mv "$batchai_file.new" "$batchai_file"
}
