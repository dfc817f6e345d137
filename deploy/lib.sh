# What the GitHub action and the GitLab job share: where netgen runs, on what,
# and how the base of a change gets into a shallow clone. It is sourced by their
# scripts; on its own it does nothing.
#
# It reads NETGEN (the program), NETGEN_WORK (a directory for what is written
# between the steps), NETGEN_DIRECTORY and NETGEN_TOPOLOGIES.
# shellcheck shell=sh

# enter goes to the top of the repository and leaves the way from there to
# NETGEN_DIRECTORY in $prefix. Findings are shown beside the lines of a change only
# if their files are named from the top.
enter() {
	cd "${NETGEN_DIRECTORY:-.}" || fail "there is no directory $NETGEN_DIRECTORY"
	prefix=$(git rev-parse --show-prefix) ||
		fail "there is no git repository in ${NETGEN_DIRECTORY:-.}: check it out first"
	cd "./$(git rev-parse --show-cdup)" || fail "the top of the repository cannot be entered"
}

# below puts a path of the user's into $below, as seen from the top.
below() {
	case $1 in
	/*) below=$1 ;;
	*) below=$prefix$1 ;;
	esac
}

# run NAME ARGUMENT... runs netgen on the topologies. What it prints is in the files
# NAME.out and NAME.err afterwards, how it ended in $status.
run() {
	name=$1
	shift
	set -- "$@" --
	while read -r line; do
		[ -n "$line" ] || continue
		below "$line"
		set -- "$@" "$below"
	done <<LINES
${NETGEN_TOPOLOGIES:-./...}
LINES
	status=0
	"$NETGEN" "$@" >"$NETGEN_WORK/$name.out" 2>"$NETGEN_WORK/$name.err" || status=$?
}

# diffs compares with $against in all formats. The first run decides; the others
# are given the same gates, to say what these stop.
diffs() {
	set -- --against "$against" --fail-on "${NETGEN_FAIL_ON:-none}"
	[ "${NETGEN_CHECK_VERSION:-}" != true ] || set -- "$@" --check-version
	run diff diff "$@" --format json
	verdict=$status
	[ "$verdict" -le 1 ] || return 0
	for format in $formats; do
		run "$format" diff "$@" --format "$format"
		[ "$status" -le 1 ] || verdict=$status
	done
}

# counted prints how many changes of a class there are, or of all classes.
counted() {
	jq -r --arg class "$1" '.summary | if $class == "all" then add else .[$class] end' "$NETGEN_WORK/diff.out"
}

# reachable says whether $needed, as in --against, can be compared with.
reachable() {
	case $needed in
	*...) git merge-base "${needed%...}" HEAD >/dev/null 2>&1 ;;
	*) git rev-parse --verify --quiet --end-of-options "$needed^{commit}" >/dev/null ;;
	esac
}

# base WANTED REMOTE gets a revision, or where HEAD left it if WANTED ends with
# "...", from REMOTE if it is not in this clone, and leaves in $against what to
# compare with. A clone that is shallow is deepened step by step: what is asked
# for is mostly just behind its end.
base() {
	needed=$1
	rev=${1%...}
	remote=$2
	forked=${1#"$rev"}
	case $rev in
	origin/*)
		# A runner that keeps its clones has an old state of the branch.
		source=refs/heads/${rev#origin/}
		ref=refs/remotes/$rev
		needed=$ref$forked
		git rev-parse --verify --quiet "$ref" >/dev/null && into=--quiet || into=--depth=1
		;;
	*)
		reachable && against=$needed && return
		source=$rev
		ref=refs/remotes/origin/$rev
		needed=$ref$forked
		into=--depth=1
		;;
	esac
	# With a depth, a clone that has all its history would be cut.
	[ "$(git rev-parse --is-shallow-repository)" = true ] || into=--quiet
	fetch "$into" "+$source:$ref" || reachable || return
	for more in --deepen=1 --deepen=20 --deepen=200 --deepen=2000 --unshallow; do
		if reachable || [ "$(git rev-parse --is-shallow-repository)" != true ]; then
			break
		fi
		# Not every server hands out a commit that no branch or tag names.
		fetch "$more" "+$source:$ref" "$(git rev-parse HEAD)" || fetch "$more" "+$source:$ref" || break
	done
	# A reader knows it by the name that was asked for.
	against=$rev$forked
	git rev-parse --verify --quiet --end-of-options "$rev^{commit}" >/dev/null || against=origin/$against
	reachable
}

# fetch asks nobody for a password: there is nobody to answer.
fetch() {
	GIT_TERMINAL_PROMPT=0 git fetch --quiet --no-tags --no-recurse-submodules "$1" "$remote" "$2" ${3:+"$3"}
}

# cannot_compare is the comment where there is no diff. An older one would be taken
# for that of this change.
cannot_compare() {
	printf '%s\n' '<!-- netgen-diff -->' '### Connectivity: could not be compared' '' \
		"What this change opens and closes is not known: [the job]($1) says why."
}
