#!/bin/sh
# What Slurm runs for an allocation, on its first node. $1 is the folder of the allocation, $2 the script node.sh, $3 a
# file where a line $4 tells the service to look here, $5 is "links" when the folders of the gang have some, $6 a script
# that writes files before the first task, if there are any. The names of the nodes follow where their order is given.
cd "$1" || exit 0
trap : INT HUP QUIT USR1 USR2
trap '_batchai_removed=" removed"' TERM

# One node is the usual case: not a single process is spent on it.
_batchai_script=$2 _batchai_news=$3 _batchai_name=$4 _batchai_links=$5 _batchai_files=$6
shift 6
_batchai_names=$*
if [ "$SLURM_JOB_NUM_NODES" = 1 ]; then
    _batchai_names=$SLURMD_NODENAME
elif [ -z "$_batchai_names" ]; then
    _batchai_names=$(scontrol show hostnames "$SLURM_JOB_NODELIST")
fi
_batchai_count=0 _batchai_list=
for _batchai_node in $_batchai_names; do
    # A node that came to the partition while the job waited is not one of the cluster's.
    read -r _batchai_id _batchai_address _batchai_number 2>/dev/null <"../../../by-name/$_batchai_node" || {
        echo "$_batchai_node" >"misplaced-$SLURM_JOB_ID"
        exit 0
    }
    eval "_batchai_id_$_batchai_count=\$_batchai_id _batchai_address_$_batchai_count=\$_batchai_address"
    _batchai_list="$_batchai_list$_batchai_id $_batchai_address $_batchai_node
"
    _batchai_count=$((_batchai_count + 1))
done
[ "$_batchai_count" = "$SLURM_JOB_NUM_NODES" ] || exit 0

# Whatever else Slurm was made to run for this allocation, only the first to come here does its work. The dot says that
# all is there.
set -C
{ echo "$SLURM_JOB_ID
$_batchai_list." >started; } 2>/dev/null || exit 0
set +C
echo "$_batchai_name" >>"$_batchai_news"

if [ -n "$_batchai_links" ]; then
    _batchai_number=0
    while [ "$_batchai_number" -lt "$_batchai_count" ]; do
        eval "ln -sfn \"../../../\$_batchai_id_$_batchai_number\" \"../$_batchai_number/.node\""
        _batchai_number=$((_batchai_number + 1))
    done
fi
[ -z "$_batchai_files" ] || . "$_batchai_files"
if [ "$_batchai_count" = 1 ]; then
    _batchai_index=0
    . "$_batchai_script"
else
    # All nodes in one step, this one too: a signal to the steps of the job then reaches the tasks, and not srun.
    srun --overlap --nodes="$_batchai_count" --ntasks="$_batchai_count" --ntasks-per-node=1 --export=ALL --mpi=none \
        --kill-on-bad-exit=0 --wait=0 --cpu-bind=none --input=none /bin/sh "$_batchai_script" "$_batchai_news" "$_batchai_name"
fi
exit 0
