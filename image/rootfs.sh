#!/bin/sh
# Puts the root file system of the image together: image/rootfs.sh BINARY DIR
#
# The Dockerfile, `make release` and tests/it/image.rs all use it, so that what is tested is what is shipped.
set -eu
umask 022

if [ $# -ne 2 ]; then
    echo "usage: $0 BINARY DIR" >&2
    exit 2
fi
binary=$1
root=$2
here=$(dirname "$0")
if [ -e "$root" ]; then
    echo "$0: $root is there already: give a folder that is not" >&2
    exit 1
fi

install -D -m 0755 "$binary" "$root/usr/bin/kelos-metadata"

# Shared libraries and the loader, each where the loader looks for it. A program that is linked to none needs none.
if libraries=$(ldd "$binary"); then
    case $libraries in
    *'not found'*)
        echo "$0: a library of $binary is missing:" >&2
        echo "$libraries" >&2
        exit 1
        ;;
    esac
    libraries=$(echo "$libraries" | awk '$2 == "=>" { print $3 } $1 ~ /^\// { print $1 }')
else
    libraries=
fi
for library in $libraries; do
    install -D -m 0755 "$library" "$root$library"
done

# Users, and the order in which names are looked up.
for file in "$here"/etc/*; do
    install -D -m 0644 "$file" "$root/etc/$(basename "$file")"
done

# Under whose terms ours is.
install -D -m 0644 "$here/../LICENSE" "$root/usr/share/doc/kelos-metadata/LICENSE"

# What scanners look for: which distribution the libraries are of, and dpkg's word on each of their packages, with its
# terms. The crates in the program are listed in the program.
if ! command -v dpkg-query >/dev/null; then
    echo "$0: no dpkg here: the image will not say which packages its libraries are of" >&2
    exit 0
fi
release=/etc/os-release
for file in $release /etc/debian_version; do
    if [ -e "$file" ]; then install -D -m 0644 "$file" "$root$file"; fi
done
for file in $libraries $release; do
    # Where /lib is a link to /usr/lib, dpkg knows a file by one of the two names.
    real=$(readlink -f "$file")
    owner=$(dpkg-query --search "$file" "$real" "${real#/usr}" 2>/dev/null | sed -n '/^diversion /!{s/[:,].*//p;q}')
    if [ -z "$owner" ]; then
        echo "$0: $file is of no package of this system: scanners would not know it" >&2
        exit 1
    fi
    mkdir -p "$root/var/lib/dpkg/status.d"
    dpkg-query --status "$owner" > "$root/var/lib/dpkg/status.d/$owner"
    copyright=/usr/share/doc/$owner/copyright
    if [ -e "$copyright" ]; then install -D -m 0644 "$copyright" "$root$copyright"; fi
done
