#!/bin/sh
# Writes the notes of a release to standard output, as its page has them: packaging/notes.sh VERSION REPOSITORY
# They are the section of CHANGELOG.md, whose links lead to the pages of that version.
set -eu

if [ $# -ne 2 ]; then
	echo 'usage: packaging/notes.sh VERSION REPOSITORY' >&2
	exit 2
fi
version=$1 repository=$2

notes=$(awk -v heading="## [$version]" '/^## / { found = index($0, heading) == 1; next } found' CHANGELOG.md |
	sed "s|](\([A-Za-z][A-Za-z./_-]*\.md[^)]*\))|]($repository/blob/v$version/\1)|g")
if [ -z "$notes" ]; then
	echo "packaging/notes.sh: CHANGELOG.md has no section \`## [$version]\`: write what is new" >&2
	exit 1
fi

cat <<NOTES
$notes

How to [install]($repository/blob/v$version/docs/install.md) it, and how to
[verify]($repository/blob/v$version/SECURITY.md#what-is-signed) what you have downloaded.
NOTES
