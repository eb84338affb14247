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
    echo "$libraries" | awk '$2 == "=>" { print $3 } $1 ~ /^\// { print $1 }' | while read -r library; do
        install -D -m 0755 "$library" "$root$library"
    done
fi

# Users, and the order in which names are looked up.
for file in "$here"/etc/*; do
    install -D -m 0644 "$file" "$root/etc/$(basename "$file")"
done

# Under whose terms all that is: ours, and the distribution's word on its libraries where it has one.
install -D -m 0644 "$here/../LICENSE" "$root/usr/share/doc/kelos-metadata/LICENSE"
for package in libc6 libgcc-s1; do
    copyright=/usr/share/doc/$package/copyright
    if [ -e "$copyright" ]; then
        install -D -m 0644 "$copyright" "$root$copyright"
    fi
done
