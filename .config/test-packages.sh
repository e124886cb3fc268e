#!/bin/sh
# Install what the tests need of the machine and the lab does not: dmidecode, which reads firmware's tables that they make,
# an sshd, which they start themselves on loopback, and what a practice machine is made of: an emulator with its
# firmware, boot programs, a DHCP server, builders, and libvirt, which switches one of them.
# Debian would start sshd as a service: policy-rc.d forbids that (Debian policy 9.3.3.1), and its unit stays disabled.
set -eu

# Each: the file that tells that it is there, and its Debian package.
wanted="
/usr/sbin/sshd openssh-server
/usr/sbin/dmidecode dmidecode
/usr/bin/qemu-system-x86_64 qemu-system-x86
/usr/share/OVMF/OVMF_CODE_4M.fd ovmf
/usr/lib/ipxe/qemu/efi-virtio.rom ipxe-qemu
/usr/lib/ipxe/ipxe.efi ipxe
/usr/sbin/dnsmasq dnsmasq-base
/usr/bin/mmdebstrap mmdebstrap
/usr/bin/pacman pacman-package-manager
/usr/bin/repo-add makepkg
/usr/bin/bsdtar libarchive-tools
/usr/bin/zstd zstd
/usr/bin/curl curl
/usr/bin/mcopy mtools
/usr/sbin/mkfs.vfat dosfstools
/usr/bin/gpg gpg
/usr/bin/gpg-agent gpg-agent
/usr/sbin/mkfs.ext4 e2fsprogs
/usr/sbin/libvirtd libvirt-daemon
/usr/lib/x86_64-linux-gnu/libvirt/connection-driver/libvirt_driver_qemu.so libvirt-daemon-driver-qemu
/usr/bin/virsh libvirt-clients
/usr/lib/python3/dist-packages/libvirt.py python3-libvirt
"
missing=$(echo "$wanted" | while read -r file package; do [ -z "$file" ] || [ -e "$file" ] || echo "$package"; done)
if [ -z "$missing" ]; then
  exit 0
fi
if [ "$(id -u)" != 0 ] || ! command -v apt-get >/dev/null; then
  echo "some tests are skipped or fail without these Debian packages:" "$missing" >&2
  exit 0
fi

policy=/usr/sbin/policy-rc.d
if [ ! -e "$policy" ]; then
  trap 'rm -f "$policy"' EXIT
  printf '#!/bin/sh\nexit 101\n' >"$policy"
  chmod 0755 "$policy"
fi
apt-get -q update >/dev/null || true # a source that does not answer is no reason to stop
# shellcheck disable=SC2086 # a list of words
DEBIAN_FRONTEND=noninteractive apt-get -q -y -o DPkg::Lock::Timeout=300 install --no-install-recommends $missing \
  >/dev/null
if [ -d /run/systemd/system ]; then
  systemctl --quiet disable ssh.service ssh.socket || true
fi
