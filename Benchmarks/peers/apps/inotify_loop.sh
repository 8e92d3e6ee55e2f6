#!/bin/bash
# SPDX-License-Identifier: Apache-2.0
# usage: inotify_loop.sh DIR JOB N   -- DIR/queue -> DIR/results, DIR/finished
dir=$1 job=$2 n=$3
cd "$dir/queue" || exit 1
declare -A seen
running=0
one() {   # one NAME
    local body id rc
    IFS= read -r -d '' body < "$1"
    [[ $body =~ \"task_id\":\ *\"([^\"]*)\" ]] || return
    id=${BASH_REMATCH[1]}
    "$job" "$id" > "../results/.$id.out"; rc=$?
    printf '{"task_id":"%s","exit_code":%d}\n' "$id" "$rc" > "../results/$id.json"
    mv "$1" ../finished/
}
take() {
    [[ $1 == *.json && -e $1 ]] || return
    [[ ${seen[$1]} ]] && return
    seen[$1]=1
    if (( n == 1 )); then one "$1"; return; fi
    while (( running >= n )); do wait -n; running=$((running - 1)); done
    one "$1" &
    running=$((running + 1))
}
exec 3< <(exec inotifywait -m -q -e moved_to --format %f . 2>/dev/null)
sleep 0.3
for f in *.json; do take "$f"; done
echo READY
while IFS= read -r f <&3; do take "$f"; done
