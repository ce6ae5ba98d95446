# SPDX-License-Identifier: MIT
# Sourced by the other scripts: installs Debian packages that are missing.

say() { printf '\n== %s\n' "$*"; }

as_root() {
    if [ "$(id -u)" -eq 0 ]; then
        "$@"
    else
        sudo "$@"
    fi
}

installed() {
    dpkg-query -W -f='${db:Status-Abbrev}\n' "$1" 2>/dev/null | grep -q '^ii'
}

# need <package>...
need() {
    local package missing=()
    command -v apt-get >/dev/null || return 0
    for package in "$@"; do
        installed "$package" || missing+=("$package")
    done
    [ ${#missing[@]} -eq 0 ] && return 0
    say "install ${missing[*]}"
    as_root apt-get update -q
    as_root env DEBIAN_FRONTEND=noninteractive apt-get install -q -y \
        --no-install-recommends "${missing[@]}"
}

# stage <words>: says how long the one before took.
stage_name=
stage() {
    [ -z "$stage_name" ] ||
        echo "   ($stage_name: $((SECONDS - stage_began)) s)"
    stage_name=$*
    stage_began=$SECONDS
    say "$stage_name"
}
