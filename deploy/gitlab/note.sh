#!/bin/sh
# Keeps one note on a merge request of GitLab up to date:
#
#   note.sh put FILE    make it, or change the one that is there
#   note.sh remove      remove it, if it is there
#
# It reads NETGEN_TOKEN (a project access token), CI_API_V4_URL,
# CI_MERGE_REQUEST_PROJECT_ID, CI_MERGE_REQUEST_IID and NETGEN_COMMENT_ID (may be
# empty).
set -eu
# shellcheck source=../sticky.sh
. "$(dirname "$0")/../sticky.sh"
needs curl jq

api=${CI_API_V4_URL:?is not set}
for number in "${CI_MERGE_REQUEST_PROJECT_ID:-}" "${CI_MERGE_REQUEST_IID:-}"; do
	case $number in
	'' | *[!0-9]*) die "CI_MERGE_REQUEST_PROJECT_ID and CI_MERGE_REQUEST_IID are numbers, not \"$number\": this is no pipeline of a merge request" ;;
	esac
done
mark "${NETGEN_COMMENT_ID:-}"

credentials <<EOT
PRIVATE-TOKEN: ${NETGEN_TOKEN:?is not set}
User-Agent: netgen
EOT

call GET "$api/user" || give_up "ask whose the token is"
me=$(jq -r '.username // empty' "$work/answer" 2>/dev/null) || me=
[ -n "$me" ] || die "cannot ask whose the token is: no answer"

list=$api/projects/$CI_MERGE_REQUEST_PROJECT_ID/merge_requests/$CI_MERGE_REQUEST_IID/notes
item=$list
method=PUT
author='["author","username"]'
limit=1000000
sticky "$@"
