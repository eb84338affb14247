#!/bin/sh
# Writes into a chart which image it starts: packaging/chart-image.sh CHART IMAGE
# IMAGE is [REGISTRY/]REPOSITORY[:TAG][@sha256:…]. The registry stands apart, so that another one can stand in for it. The
# tag is left out where it is the version that the chart takes by itself.
set -eu

if [ $# -ne 2 ]; then
	echo 'usage: packaging/chart-image.sh CHART IMAGE' >&2
	exit 2
fi
chart=$1 image=$2

digest=
case $image in *@*) digest=${image#*@} ;; esac
repository=${image%%@*}
tag=
case ${repository##*/} in *:*) tag=${repository##*:} repository=${repository%:*} ;; esac
whole=$repository registry=
case ${repository%%/*} in *.* | *:* | localhost) registry=${repository%%/*} repository=${repository#*/} ;; esac
version=$(sed -n 's/^version: *//p' "$chart/Chart.yaml")
case $tag in "$version") shown=$version tag= ;; '') shown=$version ;; *) shown=$tag ;; esac

# Keys of `image` and of nothing else: up to the next line that is not indented.
sed -i "/^image:/,/^[^ #]/ {
	s|^  registry:.*|  registry: \"$registry\"|
	s|^  repository:.*|  repository: $repository|
	s|^  tag:.*|  tag: \"$tag\"|
	s|^  digest:.*|  digest: \"$digest\"|
}" "$chart/values.yaml"
# And what the chart tells Artifact Hub.
sed -i "s|^      image: .*|      image: $whole:$shown${digest:+@$digest}|" "$chart/Chart.yaml"

for line in "  registry: \"$registry\"" "  repository: $repository" "  tag: \"$tag\"" "  digest: \"$digest\""; do
	grep -qxF "$line" "$chart/values.yaml" || {
		echo "packaging/chart-image.sh: $chart/values.yaml has no place for \`$line\` under \`image\`" >&2
		exit 1
	}
done
