# Some images make MPI known in ~/.bashrc only, which interactive shells read.
if ! command -v mpirun >/dev/null && command -v bash >/dev/null; then
    eval "$(bash -ic 'command -v mpirun >/dev/null && export -p' 2>/dev/null </dev/null)"
fi
mkdir -p "$AZ_BATCHAI_SHARED_JOB_TEMP/.mpi" "$AZ_BATCHAI_JOB_TEMP/.mpi" || exit 1
# What a killed daemon leaves behind goes with the job.
export PRTE_MCA_prte_tmpdir_base="$AZ_BATCHAI_JOB_TEMP/.mpi"
