#!/bin/sh
# SPDX-License-Identifier: Apache-2.0
# Submits three tasks, each needing the one before, waits for them, and prints the answers.
set -eu

worker=${1:-marie}
facts=$(vigil submit "$worker" "List the facts")
draft=$(vigil submit "$worker" --after "$facts" "Write a draft from the facts")
check=$(vigil submit "$worker" --after "$draft" --priority high "Check the draft")

vigil wait "$facts" "$draft" "$check" >&2
for task in "$facts" "$draft" "$check"; do
    vigil logs "$task"
done
