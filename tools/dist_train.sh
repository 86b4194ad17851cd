#!/usr/bin/env bash
# Train on several processes:
#     bash tools/dist_train.sh CONFIG PROCESSES [options]
set -euo pipefail

if [ $# -lt 2 ]; then
    sed -n '2,3s/^# //p' "$0" >&2
    exit 2
fi
config=$1
shift
processes=${1:?the number of processes is missing}
shift

# torchrun, of the Python that is active
"${PYTHON:-python}" "$(dirname "$0")/launch.py" \
    --nnodes="${NNODES:-1}" --node_rank="${NODE_RANK:-0}" \
    --nproc_per_node="$processes" --master_addr="${MASTER_ADDR:-127.0.0.1}" \
    --master_port="${PORT:-29500}" "$(dirname "$0")/train.py" "$config" \
    --launcher pytorch "$@"
