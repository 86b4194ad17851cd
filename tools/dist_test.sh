#!/usr/bin/env bash
# Evaluate on several processes:
#     bash tools/dist_test.sh CONFIG [CHECKPOINT] PROCESSES [options]
set -euo pipefail

if [ $# -lt 2 ]; then
    sed -n '2,3s/^# //p' "$0" >&2
    exit 2
fi
config=$1
shift
checkpoint=()
if ! [[ $1 =~ ^[0-9]+$ ]]; then
    checkpoint=("$1")
    shift
fi
processes=${1:?the number of processes is missing}
shift

# torchrun, of the Python that is active
"${PYTHON:-python}" "$(dirname "$0")/launch.py" \
    --nnodes="${NNODES:-1}" --node_rank="${NODE_RANK:-0}" \
    --nproc_per_node="$processes" --master_addr="${MASTER_ADDR:-127.0.0.1}" \
    --master_port="${PORT:-29500}" "$(dirname "$0")/test.py" "$config" \
    ${checkpoint[@]+"${checkpoint[@]}"} --launcher pytorch "$@"
