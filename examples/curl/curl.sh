#!/bin/sh
# The newest conversations through the Worker: WORKER is its address, TOKEN a caller token.
set -eu

# Over stdin rather than as an argument, which every process of the machine can read.
printf 'Authorization: Bearer %s\n' "${TOKEN:?set it to a caller token of the Worker}" |
  curl --fail-with-body --silent --show-error --header @- \
    "${WORKER:?set it to the address of the Worker}/v2/conversations/list?size=3"
