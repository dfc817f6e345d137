#!/bin/sh
# The job of netgen.gitlab-ci.yml: checks, proves, compares and keeps a note on the
# merge request. What fails lets the rest run, and fails the job at its end.
set -eu
here=$(cd "$(dirname "$0")" && pwd)
# shellcheck source=../lib.sh
. "$here/../lib.sh"
NETGEN=${NETGEN:-netgen}
NETGEN_WORK=$(mktemp -d)
trap 'rm -rf "$NETGEN_WORK"' EXIT
# Artifacts are looked for below the directory that the job starts in. The report
# stays there.
report=$PWD/netgen-report
mkdir -p "$report"
failed=

fail() {
	printf 'netgen: %s\n' "$1" >&2
	exit 1
}

# failing WHAT STATUS notes that a part failed.
failing() {
	[ "$2" -ne 0 ] || return 0
	printf 'netgen: %s failed (%s)\n' "$1" "$2" >&2
	failed=yes
}

# check NAME ARGUMENT... runs netgen once.
check() {
	echo "\$ netgen $1"
	run "$@"
	cat "$NETGEN_WORK/$1.out" "$NETGEN_WORK/$1.err"
	failing "netgen $1" "$status"
}

# compare leaves in the report what changed, and in $changed whether anything did.
compare() {
	target=origin/${CI_MERGE_REQUEST_TARGET_BRANCH_NAME:-}...
	remote=origin
	# The job of a fork runs in the fork, which may have an old target branch.
	if [ "${CI_MERGE_REQUEST_PROJECT_ID:-}" != "${CI_PROJECT_ID:-}" ]; then
		remote=$CI_MERGE_REQUEST_PROJECT_URL.git
	fi
	changed=true
	name=
	if ! base "${NETGEN_AGAINST:-$target}" "$remote" 'set GIT_DEPTH: 0'; then
		printf 'netgen: no diff: %s %s\n' "${NETGEN_AGAINST:-$target}" "$problem" >&2
		verdict=2
	else
		formats='text markdown html'
		diffs
	fi
	if [ "$verdict" -gt 1 ]; then
		[ -z "$name" ] || cat "$NETGEN_WORK/$name.err"
		cannot_compare "${CI_JOB_URL:-}" >"$report/diff.md"
		failing 'netgen diff' "$verdict"
		return
	fi
	echo '$ netgen diff'
	cat "$NETGEN_WORK/text.out" "$NETGEN_WORK/diff.err"
	mv "$NETGEN_WORK/diff.out" "$report/diff.json"
	mv "$NETGEN_WORK/markdown.out" "$report/diff.md"
	mv "$NETGEN_WORK/html.out" "$report/diff.html"
	[ "$(jq '.summary | add' "$report/diff.json")" != 0 ] || changed=false
	failing 'netgen diff' "$verdict"
}

note() {
	if [ -z "${NETGEN_TOKEN:-}" ]; then
		echo 'netgen: no note: there is no NETGEN_TOKEN here, as in every pipeline of a fork. What changed is in the artifacts' >&2
		return
	fi
	set -- put "$report/diff.md"
	# A version can be refused where no connection changed.
	[ "$changed$verdict" != false0 ] || set -- remove
	status=0
	sh "$here/note.sh" "$@" || status=$?
	if [ "$status" -eq 3 ]; then
		echo 'netgen: no note: the token may not write it: it needs the scope api and the role Reporter. What changed is in the artifacts' >&2
		return
	fi
	failing 'the note' "$status"
}

command -v jq >/dev/null || fail 'jq is needed and not here: install it'
enter
check vet vet
if [ -n "${NETGEN_OUTPUT:-}" ]; then
	below "$NETGEN_OUTPUT"
	check build build --check --output="$below"
fi
check verify verify
if [ -n "${CI_MERGE_REQUEST_IID:-}" ]; then
	compare
	note
fi
[ -z "$failed" ]
