#!/bin/sh
# Install what the tests need of the machine and the lab does not: dmidecode, which reads firmware's tables that they make,
# and an sshd, which they start themselves on loopback.
# Debian would start it as a service: policy-rc.d forbids that (Debian policy 9.3.3.1), and its unit stays disabled.
set -eu

PATH=$PATH:/usr/sbin
if command -v sshd >/dev/null && command -v dmidecode >/dev/null; then
  exit 0
fi
if [ "$(id -u)" != 0 ] || ! command -v apt-get >/dev/null; then
  echo "no sshd or no dmidecode: some tests are skipped; install openssh-server and dmidecode to run them" >&2
  exit 0
fi

policy=/usr/sbin/policy-rc.d
if [ ! -e "$policy" ]; then
  trap 'rm -f "$policy"' EXIT
  printf '#!/bin/sh\nexit 101\n' >"$policy"
  chmod 0755 "$policy"
fi
apt-get -q update >/dev/null || true # a source that does not answer is no reason to stop
DEBIAN_FRONTEND=noninteractive apt-get -q -y -o DPkg::Lock::Timeout=300 install --no-install-recommends openssh-server \
  dmidecode >/dev/null
if [ -d /run/systemd/system ]; then
  systemctl --quiet disable ssh.service ssh.socket || true
fi
