#!/bin/sh
# What has to hold before a tag becomes a release. Once it is one, people have its
# digests: nothing of it is ever made again or moved.
#
#   release.sh entered TAG   the tag is a version, its commit is on main, and
#                            CHANGELOG.md says first what is new in it
#   release.sh new TAG       the tag is still where it was, and there is neither a
#                            release nor an image of the version
#
# The second reads GITHUB_TOKEN (contents: read, packages: write), GITHUB_ACTOR,
# GITHUB_REPOSITORY, GITHUB_API_URL and REGISTRY_URL. What cannot be found out is
# refused. It is run at the top of a clone that has the history of main.
set -eu

refuse() {
	printf '::error title=no release::%s\n' "$1"
	exit 1
}

version_of() {
	printf '%s\n' "$1" | grep -qxE 'v(0|[1-9][0-9]*)\.(0|[1-9][0-9]*)\.(0|[1-9][0-9]*)(-[0-9A-Za-z]+([.-][0-9A-Za-z]+)*)?' ||
		refuse "the tag $1 is no version: as in v1.2.3, or v1.2.3-rc.1"
	version=${1#v}
}

# newest prints the heading of the newest version in CHANGELOG.md, and what is below.
newest() {
	awk '/^## / { if (found) exit; found = !/^## \[?Unreleased\]?$/ } found' CHANGELOG.md
}

entered() {
	version_of "$1"
	git rev-parse --verify --quiet refs/remotes/origin/main >/dev/null ||
		refuse 'there is no origin/main here: give actions/checkout fetch-depth: 0'
	git merge-base --is-ancestor HEAD refs/remotes/origin/main ||
		refuse "the commit of $1 is not on main: tag one that was reviewed and merged"
	heading=$(newest | head -n 1)
	case $heading in
	'') refuse "CHANGELOG.md has no version yet: give what is unreleased the heading \"## $version - DATE\", and tag that commit" ;;
	"## $version" | "## $version - "* | "## [$version]" | "## [$version] - "*) ;;
	*) refuse "the newest version in CHANGELOG.md is \"${heading#\#\# }\", not $version: give what is unreleased the heading \"## $version - DATE\", and tag that commit" ;;
	esac
	newest | grep -q '^- ' || refuse "CHANGELOG.md does not say what is new in $version"
}

# ask ADDRESS [ARGUMENT...] leaves the answer in a file and its status in $code;
# 000 is no answer. The arguments of a program can be read by every other one, so
# credentials are in a file.
ask() {
	address=$1
	shift
	code=$(curl --silent --show-error --connect-timeout 20 --max-time 60 --retry 3 \
		--config "$work/credentials" --output "$work/answer" --write-out '%{http_code}' "$@" "$address") || code=000
}

new() {
	version_of "$1"
	work=$(mktemp -d)
	trap 'rm -rf "$work"' EXIT
	(umask 077 && : >"$work/credentials")

	printf 'header = "Authorization: Bearer %s"\n' "$GITHUB_TOKEN" >"$work/credentials"
	ask "$GITHUB_API_URL/repos/$GITHUB_REPOSITORY/commits/tags/$1" --header 'Accept: application/vnd.github.sha'
	[ "$code" = 200 ] || refuse "cannot ask where the tag $1 is ($code)"
	[ "$(cat "$work/answer")" = "$(git rev-parse HEAD)" ] ||
		refuse "the tag $1 is on another commit by now: this run is of one that it was on before"
	ask "$GITHUB_API_URL/repos/$GITHUB_REPOSITORY/releases/tags/$1"
	case $code in
	404) ;;
	200) refuse "there is a release $1 already, and it stays as it is: give what is new another version" ;;
	*) refuse "cannot ask whether there is a release $1 ($code)" ;;
	esac

	# Names of images have no capitals. The token is one to push with, as that is the
	# one that a registry gives for an image that it does not have yet.
	image=$(printf '%s' "${GITHUB_REPOSITORY%%/*}/netgen" | tr '[:upper:]' '[:lower:]')
	printf 'user = "%s:%s"\n' "$GITHUB_ACTOR" "$GITHUB_TOKEN" >"$work/credentials"
	ask "$REGISTRY_URL/token?service=${REGISTRY_URL#*://}&scope=repository:$image:pull,push"
	[ "$code" = 200 ] || refuse "the registry gives no token for the image $image ($code)"
	jq -r '"header = \"Authorization: Bearer \(.token)\""' "$work/answer" >"$work/credentials"
	ask "$REGISTRY_URL/v2/$image/manifests/$version" --head --header \
		'Accept: application/vnd.oci.image.index.v1+json, application/vnd.docker.distribution.manifest.list.v2+json, application/vnd.oci.image.manifest.v1+json'
	case $code in
	404) ;;
	200) refuse "there is an image $image:$version already, and it stays what it is: give what is new another version" ;;
	*) refuse "cannot ask whether there is an image $image:$version ($code)" ;;
	esac
}

case ${1:-} in
entered | new) "$1" "${2:?which tag}" ;;
*) refuse 'release.sh knows "entered" and "new"' ;;
esac
