#!/usr/bin/env bash
# Run a tool with Slurm; see slurm_test.sh and slurm_train.sh:
#     bash tools/slurm.sh TOOL PARTITION JOB_NAME [arguments of the tool]
set -euo pipefail

tool=$1
partition=$2
job_name=$3
shift 3
gpus=${GPUS:-8}
per_node=${GPUS_PER_NODE:-$((gpus < 8 ? gpus : 8))}
resources=()
if [ "$per_node" -gt 0 ]; then  # 0: machines without GPUs
    resources=(--gres="gpu:$per_node" --ntasks-per-node="$per_node")
fi

# shellcheck disable=SC2086  # SRUN_ARGS are several
srun --partition="$partition" --job-name="$job_name" --ntasks="$gpus" \
    ${resources[@]+"${resources[@]}"} --cpus-per-task="${CPUS_PER_TASK:-5}" \
    --kill-on-bad-exit=1 ${SRUN_ARGS:-} \
    "${PYTHON:-python}" -u "$(dirname "$0")/$tool" "$@" --launcher slurm
