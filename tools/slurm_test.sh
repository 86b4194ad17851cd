#!/usr/bin/env bash
# Evaluate with Slurm, also on several machines:
#     [GPUS=8 GPUS_PER_NODE=8 CPUS_PER_TASK=5 SRUN_ARGS=...] bash tools/slurm_test.sh PARTITION JOB_NAME CONFIG [CHECKPOINT] [options]
set -euo pipefail

if [ $# -lt 3 ]; then
    sed -n '2,3s/^# //p' "$0" >&2
    exit 2
fi
exec bash "$(dirname "$0")/slurm.sh" test.py "$@"
