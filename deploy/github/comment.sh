#!/bin/sh
# Keeps one comment on a pull request of GitHub up to date:
#
#   comment.sh put FILE    make it, or change the one that is there
#   comment.sh remove      remove it, if it is there
#
# It reads GITHUB_TOKEN, GITHUB_REPOSITORY, GITHUB_API_URL, GITHUB_GRAPHQL_URL,
# NETGEN_PULL_REQUEST (a number) and NETGEN_COMMENT_ID (may be empty).
set -eu
# shellcheck source=../sticky.sh
. "$(dirname "$0")/../sticky.sh"
needs curl jq

api=${GITHUB_API_URL:-https://api.github.com}
repository=${GITHUB_REPOSITORY:?is not set}
case $repository in
*[!A-Za-z0-9._/-]* | */*/* | /* | */) die "\"$repository\" is no OWNER/NAME" ;;
esac
case ${NETGEN_PULL_REQUEST:-} in
'' | *[!0-9]*) die "NETGEN_PULL_REQUEST is a number, not \"${NETGEN_PULL_REQUEST:-}\"" ;;
esac
mark "${NETGEN_COMMENT_ID:-}"

credentials <<EOT
Authorization: Bearer ${GITHUB_TOKEN:?is not set}
Accept: application/vnd.github+json
X-GitHub-Api-Version: 2022-11-28
User-Agent: netgen
EOT

# Every token is told its own name here, that of an app as well, which REST tells
# to people alone. Nobody can take a name that ends with [bot].
printf '{"query":"{viewer{login}}"}' >"$work/query"
call POST "${GITHUB_GRAPHQL_URL:-$api/graphql}" "$work/query" || give_up "ask whose the token is"
me=$(jq -r '.data.viewer.login // empty' "$work/answer" 2>/dev/null) || me=
[ -n "$me" ] || die "cannot ask whose the token is: $(jq -r '.errors[0].message // "no answer"' "$work/answer" 2>/dev/null)"

list=$api/repos/$repository/issues/$NETGEN_PULL_REQUEST/comments
item=$api/repos/$repository/issues/comments
method=PATCH
author='["user","login"]'
limit=65536
sticky "$@"
