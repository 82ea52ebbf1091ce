# shellcheck shell=bash
# What the scripts have in common that in_system_copy runs.
set -euo pipefail
package="$(echo ilpd_*.deb)"
token=dora-to-alice-0123456789

step() { echo "== $*"; }

fail() {
    echo "${0##*/}: $*"
    systemctl --no-pager --full status ilpd.service || true
    journalctl --no-pager --lines=40 --unit='ilpd*' || true
    exit 1
}

# property NAME [UNIT]
property() { systemctl show --property="$1" --value "${2-ilpd.service}"; }

ready() { python3 -c 'import interledger; interledger.wait_until_ready(9464)' || fail "the daemon does not start"; }

# Makes the peer dora, who presents $token.
add_dora() {
    ilpctl peer create test.dora --name dora --asset USD/9 --incoming-token "$token" \
        --outgoing-endpoint http://127.0.0.1:4003/ --outgoing-token x --initial-liquidity 1 >/dev/null ||
        fail "no peer was made"
}

# Makes previous.deb: the same programs with a lower version.
make_previous() {
    dpkg-deb --raw-extract "$package" previous
    sed -i 's/^Version: .*/Version: 0.0.1-1/' previous/DEBIAN/control
    dpkg-deb --root-owner-group -Znone --build previous previous.deb >/dev/null
}
