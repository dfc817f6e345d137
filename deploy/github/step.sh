#!/bin/sh
# The steps of the action: step.sh STEP. A step that finds something writes down
# how it ended and lets the others run; the last one fails the job.
#
# All that the user chose comes in variables NETGEN_*, and never as part of a
# script: what a workflow puts there may have been written by anybody.
set -eu
here=$(cd "$(dirname "$0")" && pwd)
# shellcheck source=../lib.sh
. "$here/../lib.sh"

output() {
	printf '%s=%s\n' "$1" "$2" >>"$GITHUB_OUTPUT"
}

# annotate LEVEL TEXT shows a line at the top of the run.
annotate() {
	printf '::%s title=netgen::%s\n' "$1" "$(printf '%s' "$2" | tr '\r\n' '  ' | sed 's/%/%25/g')"
}

fail() {
	annotate error "$1"
	exit 1
}

# show prints what netgen said. Annotations are shown once, whichever step
# repeats them, and nothing else is taken for a command by the runner.
show() {
	command='^::(error|warning|notice) '
	: >>"$NETGEN_WORK/shown"
	cat "$NETGEN_WORK/$1.out" "$NETGEN_WORK/$1.err" | grep -E "$command" >"$NETGEN_WORK/commands" || :
	grep -vxFf "$NETGEN_WORK/shown" "$NETGEN_WORK/commands" || :
	cat "$NETGEN_WORK/commands" >>"$NETGEN_WORK/shown"
	stop=$(od -An -N16 -tx1 /dev/urandom | tr -d ' \n')
	echo "::stop-commands::$stop"
	grep -vE "$command" "$NETGEN_WORK/$1.err" || :
	echo "::$stop::"
}

install() {
	for tool in git jq curl; do
		command -v "$tool" >/dev/null || fail "$tool is needed and not on this runner: install it before"
	done
	command -v go >/dev/null || fail "there is no Go on this runner: use actions/setup-go before"
	work=$(mktemp -d "${RUNNER_TEMP:-/tmp}/netgen.XXXXXX")
	if [ -n "$NETGEN_GO_VERSION" ]; then
		export GOTOOLCHAIN="go${NETGEN_GO_VERSION#go}"
	fi
	export CGO_ENABLED=0 GOWORK=off GOFLAGS=
	if [ -n "$NETGEN_VERSION" ]; then
		GOBIN=$work go install -trimpath "netgen.dev/cmd/netgen@$NETGEN_VERSION"
	else
		# The repository of the action is here, in just the version that was asked for.
		go build -C "$here/../.." -trimpath -buildvcs=false -o "$work/netgen" ./cmd/netgen
	fi
	"$work/netgen" version
	output work "$work"
	output netgen "$work/netgen"
}

# check NAME ARGUMENT... is a step that runs netgen once.
check() {
	enter
	run "$@" --format github
	show "$1"
	output status "$status"
}

build() {
	if [ -z "$NETGEN_OUTPUT" ]; then
		echo 'There is no input "output": nothing to compare with what netgen would write.'
		output status skipped
		return
	fi
	enter
	below "$NETGEN_OUTPUT"
	run build build --check --output="$below" --format github
	show build
	output status "$status"
}

# wanted_base prints what to compare with; nothing if there is nothing.
wanted_base() {
	if [ -n "$NETGEN_AGAINST" ]; then
		echo "$NETGEN_AGAINST"
	elif [ -n "${GITHUB_BASE_REF:-}" ]; then
		echo "origin/$GITHUB_BASE_REF..."
	elif [ "${GITHUB_EVENT_NAME:-}" = merge_group ]; then
		echo "${NETGEN_MERGE_GROUP:-}" # what the queue puts the change on
	fi
}

# summarize FILE adds to the page of the job, which has room for 1 MiB.
summarize() {
	[ "$(wc -c <"$1")" -le 1000000 ] || return 0
	cat "$1" >>"$GITHUB_STEP_SUMMARY"
	echo >>"$GITHUB_STEP_SUMMARY"
}

# undecided ends the step diff without a diff.
undecided() {
	annotate error "$1"
	cannot_compare "${GITHUB_SERVER_URL:-https://github.com}/$GITHUB_REPOSITORY/actions/runs/${GITHUB_RUN_ID:-}" >"$NETGEN_WORK/markdown.out"
	summarize "$NETGEN_WORK/markdown.out"
	output status 2
}

compare() {
	enter
	wanted=$(wanted_base)
	if [ -z "$wanted" ]; then
		if [ "${GITHUB_EVENT_NAME:-}" = merge_group ]; then
			undecided 'no diff: the event merge_group does not say what the change is put on: set the input "against"'
			return
		fi
		annotate notice 'no diff: this is no pull request, and the input "against" does not say what to compare with'
		output status skipped
		return
	fi
	if ! base "$wanted" origin 'give actions/checkout fetch-depth: 0'; then
		undecided "no diff: $wanted $problem"
		return
	fi
	formats='github markdown'
	[ "$NETGEN_SARIF" != true ] || formats="$formats sarif"
	diffs
	if [ "$verdict" -gt 1 ]; then
		show "$name"
		undecided "no diff: netgen diff --against $wanted could not compare"
		return
	fi
	show github
	summarize "$NETGEN_WORK/markdown.out"
	output status "$verdict"
	output changed "$([ "$(counted all)" = 0 ] && echo false || echo true)"
	output widened "$(counted widened)"
	output narrowed "$(counted closing)"
	if [ "$NETGEN_SARIF" = true ]; then
		mv "$NETGEN_WORK/sarif.out" "$NETGEN_WORK/netgen.sarif"
		output sarif "$NETGEN_WORK/netgen.sarif"
	fi
}

comment() {
	if [ "$NETGEN_COMMENT" != true ] || [ -z "$NETGEN_PULL_REQUEST" ] || [ "$NETGEN_DIFF" = skipped ]; then
		output status skipped
		return
	fi
	set -- put "$NETGEN_WORK/markdown.out"
	# A version can be refused where no connection changed.
	[ "$NETGEN_CHANGED$NETGEN_DIFF" != false0 ] || set -- remove
	status=0
	sh "$here/comment.sh" "$@" || status=$?
	if [ "$status" -eq 3 ]; then
		# Nothing that the author of a change from a fork could do about it.
		text='no comment: the token may not write comments. For a pull request from a fork it never may; else give the job pull-requests: write. What changed is in the summary of the job'
		annotate notice "$text"
		printf '%s.\n' "$text" >>"$GITHUB_STEP_SUMMARY"
		status=0
	fi
	output status "$status"
}

# judge NAME STATUS MEANING notes whether a step failed.
judge() {
	case $2 in
	0 | skipped) return ;;
	1) annotate error "$1: $3" ;;
	2) annotate error "$1: could not do its work" ;;
	3) annotate error "$1: refused for safety" ;;
	*) annotate error "$1: did not run" ;;
	esac
	failed=yes
}

result() {
	failed=
	judge 'netgen vet' "$NETGEN_VET" 'there are errors in the topologies'
	judge 'netgen build --check' "$NETGEN_BUILD" 'what is committed is not what the topologies say: run netgen build and commit what it writes'
	judge 'netgen verify' "$NETGEN_VERIFY" 'the policies do not let through what is declared, or an invariant does not hold'
	judge 'netgen diff' "$NETGEN_DIFF" 'a gate does not let this change pass'
	judge 'comment' "$NETGEN_COMMENTED" 'it could not be written, and an older one may be out of date'
	[ -z "$failed" ]
}

if [ -n "${NETGEN_WORK:-}" ]; then
	NETGEN=$NETGEN_WORK/netgen
fi
case $1 in
install | build | compare | comment | result) "$1" ;;
vet | verify) check "$1" "$1" ;;
*) fail "there is no step $1" ;;
esac
