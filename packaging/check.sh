#!/bin/sh
# Whether a tag may be released: packaging/check.sh TAG REPOSITORY
# TAG is `v` and the version that Cargo.toml, the chart and CHANGELOG.md have, which has a date there; REPOSITORY, from
# where it is released, is that of Cargo.toml: archives, image and chart name it.
set -eu

if [ $# -ne 2 ]; then
	echo 'usage: packaging/check.sh TAG REPOSITORY' >&2
	exit 2
fi
tag=$1 from=$2 failed=0

fail() {
	echo "packaging/check.sh: $1" >&2
	failed=1
}

version=$(sed -n '/^version = /{s/.*"\(.*\)"/\1/p;q}' Cargo.toml)
repository=$(sed -n '/^repository = /{s/.*"\(.*\)"/\1/p;q}' Cargo.toml)
chart=charts/kelos-metadata/Chart.yaml

[ "$tag" = "v$version" ] || fail "the tag is $tag, and Cargo.toml is about $version: tag it v$version"
[ "$from" = "$repository" ] || fail "this is $from, and \`repository\` in Cargo.toml is $repository: a fork publishes under its own name"
for line in "version: $version" "appVersion: \"$version\""; do
	grep -qxF "$line" $chart || fail "$chart has no line \`$line\`"
done
grep -q "^## \[$version\] - [0-9]\{4\}-[0-9]\{2\}-[0-9]\{2\}\$" CHANGELOG.md ||
	fail "CHANGELOG.md has no line \`## [$version] - YYYY-MM-DD\`, the day of the release"

exit $failed
