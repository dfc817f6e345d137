# One comment on a pull or merge request that is kept up to date: made, changed in
# place, and removed. Sourced by github/comment.sh and gitlab/note.sh, which know
# the two APIs; on its own it does nothing.
#
# They set, beside what they are called with:
#   list     the address of all comments
#   item     the address of one, without its number
#   method   how one is changed: PATCH or PUT
#   author   where a comment says whose it is, a path of jq
#   me       whose comments are our own, as it says there
#   marker   the first line of our own
#   limit    how many characters a comment may have
#
# The exit code is 0 if all is done, 3 if the token may not do it, and 1 otherwise.
# shellcheck shell=sh
# shellcheck disable=SC2154

attempts=5
delay=${NETGEN_RETRY_DELAY:-2} # seconds, doubled each time
longest=90                     # seconds that are waited at most

work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
trap 'exit 1' HUP INT TERM
limited=

say() {
	printf '%s: %s\n' "${0##*/}" "$1" >&2
}

die() {
	say "$1"
	exit 1
}

# credentials keeps the header with the token in a file: the arguments of a program
# can be read by every other one.
credentials() {
	(umask 077 && cat >"$work/credentials")
}

# request METHOD ADDRESS [FILE] asks once. The answer is in files, its status in
# $code; 000 is no answer. Redirects are not followed: they would take the token
# along.
request() {
	: >"$work/answer"
	: >"$work/headers"
	code=$(curl --silent --show-error --connect-timeout 20 --max-time 60 --request "$1" \
		--header "@$work/credentials" --header 'Content-Type: application/json' \
		${3:+--data-binary "@$3"} --dump-header "$work/headers" --output "$work/answer" \
		--write-out '%{http_code}' "$2" 2>"$work/curl") || code=000
}

succeeded() {
	case $code in
	2??) return 0 ;;
	esac
	return 1
}

# header prints a header of the answer that is a number.
header() {
	tr -d '\r' <"$work/headers" | sed -n "s/^$1: *\([0-9]\{1,12\}\)\$/\1/p" | tail -n 1
}

# words of the server, on one line.
words() {
	jq -r '(.message? // .error? // empty) | tostring | gsub("[[:cntrl:]]"; " ") | .[0:300]' "$work/answer" 2>/dev/null || :
}

# again TRY says whether what failed is worth another try, and waits before it.
again() {
	pause=$((delay << ($1 - 1)))
	limited=
	case $code in
	000 | 500 | 502 | 503 | 504) ;;
	403 | 429)
		after=$(header '[Rr]etry-[Aa]fter')
		if [ -n "$after" ]; then
			pause=$after
		elif [ "$(header '[Xx]-[Rr]ate[Ll]imit-[Rr]emaining')" = 0 ]; then
			pause=$(($(header '[Xx]-[Rr]ate[Ll]imit-[Rr]eset') - $(date +%s)))
			[ "$pause" -ge 0 ] || pause=0
		elif [ "$code" = 429 ] || words | grep -qi 'rate limit'; then
			pause=$((delay * 30))
		else
			return 1
		fi
		limited=yes
		;;
	*) return 1 ;;
	esac
	[ "$1" -lt "$attempts" ] || return 1
	[ "$pause" -le "$longest" ] || return 1
	sleep "$pause"
}

# call is request, as often as it is worth it.
call() {
	try=1
	while request "$@" && ! succeeded; do
		again "$try" || return 1
		try=$((try + 1))
	done
}

# give_up says what could not be done and why.
give_up() {
	why=$(words)
	case $code in
	000) die "cannot $1: $(head -n 1 "$work/curl")" ;;
	401) die "cannot $1: the token is not accepted${why:+: $why}" ;;
	403 | 404)
		[ -z "$limited" ] || die "cannot $1: too many requests${why:+: $why}"
		say "cannot $1: the token may not do that${why:+: $why}"
		exit 3
		;;
	esac
	die "cannot $1: the server answers $code${why:+: $why}"
}

# own writes the numbers of our comments to a file, the oldest first. A comment
# is ours if we wrote it and its first line is the marker: anybody can write the
# marker, and we may quote what somebody wrote.
own() {
	: >"$work/found"
	page=1
	while :; do
		call GET "$list?per_page=100&page=$page" || give_up "read the comments"
		jq -r --argjson author "$author" --arg me "$me" --arg marker "$marker" '
			.[] | select(getpath($author) == $me)
			| select((.body // "" | split("\n")[0] // "" | rtrimstr("\r")) == $marker)
			| .id' "$work/answer" >>"$work/found" || die "cannot read the comments: the answer is not a list of them"
		grep -qi '^link:.*rel="next"' "$work/headers" || break
		page=$((page + 1))
		[ "$page" -le 200 ] || die "cannot read the comments: there are more than 20,000"
	done
	sort -n "$work/found" >"$work/own"
}

# drop removes comments; one that is gone already is as good.
drop() {
	for id in "$@"; do
		call DELETE "$item/$id" || [ "$code" = 404 ] || give_up "remove comment $id"
		say "removed comment $id"
	done
}

# put makes FILE the comment. After a failure the comments are read again before
# the next try: an answer that got lost may have been that it was made.
put() {
	jq -n --arg marker "$marker" --rawfile text "$1" \
		'{body: ($marker + "\n" + ($text | ltrimstr("<!-- netgen-diff -->\n")))}' >"$work/payload"
	length=$(jq '.body | length' "$work/payload")
	[ "$length" -le "$limit" ] || die "the comment has $length characters, and there is room for $limit"
	round=1
	while [ "$round" -le "$attempts" ]; do
		own
		if [ -s "$work/own" ]; then
			# shellcheck disable=SC2046
			set -- $(cat "$work/own")
			if call "$method" "$item/$1" "$work/payload"; then
				say "changed comment $1"
				shift
				drop "$@"
				return
			fi
			# Somebody removed it just now.
			[ "$code" = 404 ] || give_up "change comment $1"
		else
			request POST "$list" "$work/payload"
			if succeeded; then
				say "made comment $(jq -r '.id' "$work/answer")"
				return
			fi
			again "$round" || give_up "make a comment"
		fi
		round=$((round + 1))
	done
	give_up "make a comment"
}

# sticky is the whole of it: put FILE, or remove.
sticky() {
	case ${1:-} in
	put) put "${2:?put needs a file}" ;;
	remove)
		own
		# shellcheck disable=SC2046
		drop $(cat "$work/own")
		;;
	*) die "usage: ${0##*/} put FILE, or ${0##*/} remove" ;;
	esac
}

# mark sets the marker. Several comments on one request differ in it.
mark() {
	marker='<!-- netgen-diff -->'
	[ -n "$1" ] || return 0
	case $1 in
	*[!A-Za-z0-9._-]* | *--* | -* | *-) die "a comment-id is letters, digits, dots, underscores and single hyphens inside, not \"$1\"" ;;
	esac
	marker="<!-- netgen-diff:$1 -->"
}

needs() {
	for tool in "$@"; do
		command -v "$tool" >/dev/null || die "$tool is needed and not here: install it"
	done
}
