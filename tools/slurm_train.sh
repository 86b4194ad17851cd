#!/usr/bin/env bash
# Train with Slurm, also on several machines:
#     [GPUS=8 GPUS_PER_NODE=8 CPUS_PER_TASK=5 SRUN_ARGS=...] bash tools/slurm_train.sh PARTITION JOB_NAME CONFIG [options]
set -euo pipefail

if [ $# -lt 3 ]; then
    sed -n '2,3s/^# //p' "$0" >&2
    exit 2
fi
partition=$1
job_name=$2
shift 2
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
    "${PYTHON:-python}" -u "$(dirname "$0")/train.py" "$@" --launcher slurm
