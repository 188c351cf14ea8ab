#!/usr/bin/env bash
# Holds the README and docs/ to what they say: links and named files are there, every command runs, and the kept outcomes of published
# experiments still add up to the kept tables. Needs `dropwise` on the PATH; --links stops after links and names, which take no build.
#
# The commands are the lines of the blocks that begin with ```sh in the README and ```sh run in docs/. They run in an empty
# folder, target/docs, with config/ and docs/ in it; its report.html stays for scripts/look.mjs.
set -euo pipefail
cd "$(dirname "$0")/.."

say() { printf '\n== %s (%d s)\n' "$*" "$SECONDS"; }

# The anchors of a page's headings, as GitHub makes them.
anchors() {
    sed '/^```/,/^```/d' "$1" | sed -n 's/^##* //p' | tr '[:upper:]' '[:lower:]' | sed 's/[^a-z0-9 _-]//g; s/ /-/g'
}

for page in *.md docs/*.md; do
    { grep -oP '\]\((?!https?:)\K[^)]+' "$page" || true; } | while read -r link; do
        file=$page
        [ "${link%%#*}" = "" ] || file=$(dirname "$page")/${link%%#*}
        [ -e "$file" ] || { echo "$page: there is no $file"; exit 1; }
        [[ $link != *#* ]] || anchors "$file" | grep -qx -- "${link#*#}" || { echo "$page: $file has no heading #${link#*#}"; exit 1; }
    done
done
# Files that a page names, in backticks or in the map of CONTRIBUTING, are there.
for page in *.md docs/*.md; do
    { grep -oP '(`|^    )\K(src|lab|cli|benches|config|docs|examples|fuzz|scripts|tests)/[\w/.-]+' "$page" || true; } | while read -r file; do
        [ -e "$file" ] || { echo "$page: there is no $file"; exit 1; }
    done
done
[ "${1-}" != --links ] || exit 0

for kept in docs/reproduction/*; do
    name=$(basename "$kept")
    say "the kept outcomes of $name"
    rm -rf "target/merged/$name"
    # Status 1 says that a row or a claim was missed; the table has that too.
    dropwise reproduce "$name" --merge "$kept" --out "target/merged/$name" >/dev/null || true
    cmp "$kept/table.md" "target/merged/$name/table.md"
done

rm -rf target/docs && mkdir -p target/docs && ln -s ../../config ../../docs target/docs
pages=(README.md docs/*.md)
cd target/docs
for page in "${pages[@]}"; do
    fence='```sh run'
    [ "$page" != README.md ] || fence='```sh'
    # A line that ends with a backslash goes on in the next. The first two commands of the README are for .ci/run itself.
    awk -v fence="$fence" '$0 == fence { on = 1; next } /^```/ { on = 0 } on' "../../$page" |
        sed -e ':a' -e '/\\$/ { N; s/\\\n *//; ta' -e '}' -e '/^cargo run --example xor$/d; /^cargo test$/d' |
        while read -r command; do
            say "$page: $command"
            bash -ec "$command" </dev/null
        done
done
