#!/bin/sh
# Writes the manifest with which krew installs the plugin to standard output:
#   packaging/krew.sh VERSION HOMEPAGE URL ARCHIVE...
# Each ARCHIVE is named kelos-metadata-VERSION-TARGET-krew.tar.gz after the target that Rust built it for, has the
# program in its root, and is to be found under URL.
set -eu

if [ $# -lt 4 ]; then
	echo 'usage: packaging/krew.sh VERSION HOMEPAGE URL ARCHIVE...' >&2
	exit 2
fi
version=$1 homepage=$2 url=${3%/}
shift 3

cat <<MANIFEST
apiVersion: krew.googlecontainertools.github.com/v1alpha2
kind: Plugin
metadata:
  name: kelos-metadata
spec:
  version: v$version
  homepage: $homepage
  shortDescription: Labels and annotations for Kelos Tasks
  description: |
    Shows which labels and annotations Kelos Tasks get from the templates on
    their TaskSpawners, finds what is wrong with these templates, and looks
    whether the webhook that writes them works. It uses your own rights.
  platforms:
MANIFEST

for archive in "$@"; do
	file=${archive##*/}
	target=${file#"kelos-metadata-$version-"}
	target=${target%-krew.tar.gz}
	case $target in
		x86_64-*) arch=amd64 ;;
		aarch64-*) arch=arm64 ;;
		*) echo "packaging/krew.sh: $file: krew has no name for the CPU of $target" >&2; exit 1 ;;
	esac
	case $target in
		*-linux-*) os=linux ;;
		*-apple-darwin) os=darwin ;;
		*) echo "packaging/krew.sh: $file: the plugin is not made for the system of $target" >&2; exit 1 ;;
	esac
	sum=$(sha256sum "$archive")
	cat <<PLATFORM
    - selector:
        matchLabels:
          os: $os
          arch: $arch
      uri: $url/$file
      sha256: ${sum%% *}
      files:
        - from: kelos-metadata
          to: .
        - from: LICENSE
          to: .
      bin: kelos-metadata
PLATFORM
done
