# What the GitHub action and the GitLab job share: where netgen runs, on what,
# and how the base of a change gets into a shallow clone. It is sourced by their
# scripts; on its own it does nothing.
#
# It reads NETGEN (the program), NETGEN_WORK (a directory for what is written
# between the steps), NETGEN_DIRECTORY, NETGEN_TOPOLOGIES, NETGEN_TAGS and, for the
# comparison alone, NETGEN_TAGS_BEFORE.
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

# run NAME ARGUMENT... runs netgen on the topologies, with the tags. What it prints is
# in the files NAME.out and NAME.err afterwards, how it ended in $status.
run() {
	name=$1
	shift
	while read -r line; do
		[ -z "$line" ] || set -- "$@" --inject="$line"
	done <<LINES
${NETGEN_TAGS:-}
LINES
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
# are given the same gates, to say what these stop. The base may need tags that the
# change takes away, and that everything else would refuse.
diffs() {
	tags_now=${NETGEN_TAGS:-}
	NETGEN_TAGS="$tags_now
${NETGEN_TAGS_BEFORE:-}"
	each_format
	NETGEN_TAGS=$tags_now
}

each_format() {
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

# reachable says whether $needed, as in --against, can be compared with. Where a full
# name is not there, git would take a tag that is called so.
reachable() {
	case $needed in
	refs/*) git show-ref --verify --quiet "$ref" || return ;;
	esac
	case $needed in
	*...) git merge-base "${needed%...}" HEAD >/dev/null 2>&1 ;;
	*) git rev-parse --verify --quiet --end-of-options "$needed^{commit}" >/dev/null ;;
	esac
}

# has LINES LINE says whether a line is among others.
has() {
	printf '%s\n' "$1" | grep -qxFe "$2"
}

# locate finds the full name of $rev: $source is what it is on the remote, $ref what it
# is here, perhaps once it has been fetched. By a short name git would take a tag
# before a branch, and whoever may push a tag would choose what a change is compared
# with. $short is the part that is a name: main of main~1.
locate() {
	short=${rev%%[~^]*}
	case $short in
	refs/heads/*) source=$short ref=refs/remotes/origin/${short#refs/heads/} ;;
	refs/remotes/origin/*) source=refs/heads/${short#refs/remotes/origin/} ref=$short ;;
	refs/*) source=$short ref=$short ;;
	origin/*) source=refs/heads/${short#origin/} ref=refs/remotes/$short ;;
	*) choose ;;
	esac
}

# choose finds out whether $short is a branch or a tag, and fails where it is both.
# What is neither is left as it is, in $expression: a commit, to git a commit before
# all else, or what has a meaning in this clone alone.
choose() {
	branch=refs/heads/$short tag=refs/tags/$short kept=refs/remotes/origin/$short
	there='' here=''
	if [ "${#short}" -lt 40 ] || [ -n "$(printf %s "$short" | tr -d 0-9a-f)" ]; then
		there=$(GIT_TERMINAL_PROMPT=0 git ls-remote --refs "$remote" "$branch" "$tag" 2>/dev/null | cut -f 2)
		here=$(git for-each-ref --format='%(refname)' "$branch" "$tag" "$kept")
	fi
	tagged=false
	if has "$there" "$tag" || has "$here" "$tag"; then
		tagged=true
	fi
	if has "$there" "$branch" || has "$here" "$kept"; then
		source=$branch ref=$kept
	elif has "$here" "$branch"; then
		source=$branch ref=$branch # never pushed
	elif [ $tagged = true ]; then
		source=$tag ref=$tag
		return
	else
		source=$rev ref=refs/netgen/$rev expression=$rev
	fi
	[ $tagged = false ]
}

# base WANTED REMOTE HINT gets a revision, or where HEAD left it if WANTED ends with
# "...", from REMOTE, and leaves in $against what to compare with, or in $problem why
# there is nothing. A clone that is shallow is deepened step by step: what is asked
# for is mostly just behind its end.
base() {
	rev=${1%...}
	remote=$2
	forked=${1#"$rev"}
	expression=
	problem="is a branch and a tag: write refs/heads/$rev or refs/tags/$rev"
	locate || return
	problem="is not in this clone and could not be fetched: $3"
	if [ -n "$expression" ]; then
		needed=$1
		reachable && against=$needed && return
	else
		needed=$ref${rev#"$short"}$forked
	fi
	# A runner that keeps its clones has an old state of a branch. With a depth, a
	# clone that has all its history, or all of the branch, would be cut.
	into=--depth=1
	if [ "$(git rev-parse --is-shallow-repository)" != true ] || git show-ref --verify --quiet "$ref"; then
		into=--quiet
	fi
	fetch "$into" "+$source:$ref" || reachable || return
	for more in --deepen=1 --deepen=20 --deepen=200 --deepen=2000 --unshallow; do
		if reachable || [ "$(git rev-parse --is-shallow-repository)" != true ]; then
			break
		fi
		# Not every server hands out a commit that no branch or tag names.
		fetch "$more" "+$source:$ref" "$(git rev-parse HEAD)" || fetch "$more" "+$source:$ref" || break
	done
	against=$needed
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
