#!/bin/sh
# What `blackstart` does to take a dark machine to its own system over the network, done by hand, for the practice machine:
#   metal_by_hand.sh FOLDER
# FOLDER holds what a person would have written or made beforehand (tests/support/metal/rehearsal.py). Prints a line per step,
# name<TAB>seconds. Nothing is checked that a person would not.
set -eu

folder=$1
# shellcheck source=/dev/null
. "$folder/settings"
: "${here:?}" "${link:?}" "${network:?}" "${mask:?}" "${prefix:?}" "${mac:?}" "${node:?}" "${address:?}" "${gateway:?}"
: "${disk:?}" "${snapshot:?}" "${packages:?}" "${loader:?}" "${button:?}"
room=$(mktemp -d)
log=$room/log
# shellcheck source=tests/bench/steps.sh
. "$(dirname "$0")/steps.sh"
url=http://$here:8479
servers=

on() { # on COMMAND, in the live system
  ssh -i "$folder/live/id_ed25519" -o UserKnownHostsFile="$folder/live/known_hosts" -S "$room/live" \
    -o ControlMaster=auto -o ControlPersist=60 -o BatchMode=yes -o StrictHostKeyChecking=yes -o ConnectTimeout=5 \
    -o ServerAliveInterval=5 -o ServerAliveCountMax=2 "root@$address" "$@"
}

installed() {
  ssh -i "$folder/id_ed25519" -o UserKnownHostsFile="$folder/known_hosts" -o BatchMode=yes -o ConnectTimeout=5 \
    -o StrictHostKeyChecking=yes -o ServerAliveInterval=5 -o ServerAliveCountMax=2 "root@$address" "$@"
}

leave() {
  status=$?
  if [ "$status" -ne 0 ]; then
    tail -n 30 "$log" >&2 || true
  fi
  on -O exit 2>/dev/null || true
  for server in $servers; do
    kill "$server" || true
  done
  rm -rf "$room"
  exit "$status"
}
trap leave EXIT
trap 'exit 130' INT TERM

serve() {
  mkdir "$room/tftp"
  chmod 755 "$room" "$room/tftp"
  cp "$loader" "$room/tftp/"
  cat >"$room/dnsmasq.conf" <<EOT
port=0
interface=$link
bind-interfaces
dhcp-range=$network,proxy,$mask
dhcp-match=set:ipxe,175
pxe-service=tag:!ipxe,x86-64_EFI,by hand,${loader##*/},$here
pxe-service=tag:!ipxe,BC_EFI,by hand,${loader##*/},$here
dhcp-boot=tag:ipxe,$url/boot.ipxe
enable-tftp
tftp-root=$room/tftp
leasefile-ro
user=nobody
EOT
  dnsmasq --keep-in-foreground --conf-file="$room/dnsmasq.conf" --pid-file="$room/dnsmasq.pid" &
  servers=$!
  python3 -m http.server --bind "$here" --directory "$folder/www" 8479 &
  servers="$servers $!"
  until curl --fail --silent --output /dev/null "$url/boot.ipxe"; do
    sleep 0.1
  done
}

netboot() {
  $button on
  until on true; do
    sleep 0.5
  done
  # Booting from the network again, it is to go on to its disk.
  printf '#!ipxe\nexit 1\n' >"$folder/www/boot.ipxe"
}

partition() {
  on "set -e
    wipefs --all $disk
    sgdisk --zap-all $disk
    sgdisk --new=1:0:+1024M --typecode=1:ef00 --new=2:0:0 --typecode=2:8304 $disk
    partprobe $disk
    udevadm wait --settle --timeout=60 $disk-part1 $disk-part2
    mkfs.vfat -F 32 $disk-part1
    mkfs.ext4 -q -F $disk-part2
    mount $disk-part2 /mnt
    mount --mkdir $disk-part1 /mnt/boot"
}

pacstrap() {
  on "set -e
    cat >/root/pacman.conf
    mkdir -p /mnt/etc/mkinitcpio.d
    echo KEYMAP=us >/mnt/etc/vconsole.conf
    printf '%s\n' 'ALL_kver=/boot/vmlinuz-linux' \"PRESETS=('default' 'fallback')\" \
      default_image=/boot/initramfs-linux.img fallback_image=/boot/initramfs-linux-fallback.img \
      'fallback_options=\"-S autodetect\"' >/mnt/etc/mkinitcpio.d/linux.preset
    LC_ALL=C.UTF-8 pacstrap -K -M -C /root/pacman.conf /mnt $packages
    gpgconf --homedir /mnt/etc/pacman.d/gnupg --kill all" <<EOT
[options]
Architecture = x86_64
ParallelDownloads = 5
SigLevel = Required DatabaseOptional
[core]
Server = $url/archive/repos/$snapshot/\$repo/os/\$arch
[extra]
Server = $url/archive/repos/$snapshot/\$repo/os/\$arch
EOT
}

configure() {
  tar -C "$folder/keys" -cf - . | on 'mkdir -p -m 700 /mnt/root/.ssh && rm -f /mnt/etc/ssh/ssh_host_* &&
    tar -C /mnt -xf - --no-same-owner'
  on "set -e
    genfstab -U /mnt >/mnt/etc/fstab
    echo $node >/mnt/etc/hostname
    echo LANG=C.UTF-8 >/mnt/etc/locale.conf
    : >/mnt/etc/machine-id
    printf '[Match]\nMACAddress=%s\n[Network]\nAddress=%s\nGateway=%s\n' $mac $address/$prefix $gateway \
      >/mnt/etc/systemd/network/10-lan.network
    systemd-firstboot --root=/mnt --force --timezone=UTC '--root-password-hashed=*'
    systemctl --root=/mnt enable systemd-networkd sshd"
}

boot_loader() {
  on "set -e
    arch-chroot /mnt bootctl --esp-path=/boot --no-variables install
    printf 'default arch.conf\ntimeout 3\n' >/mnt/boot/loader/loader.conf
    options=\"options root=UUID=\$(blkid -p -o value -s UUID $disk-part2) rw console=ttyS0 no_timer_check\"
    printf 'title Arch\nlinux /vmlinuz-linux\ninitrd /initramfs-linux.img\n%s\n' \"\$options\" \
      >/mnt/boot/loader/entries/arch.conf
    printf 'title Fallback\nlinux /vmlinuz-linux\ninitrd /initramfs-linux-fallback.img\n%s\n' \"\$options\" \
      >/mnt/boot/loader/entries/arch-fallback.conf
    efibootmgr --create --disk $disk --part 1 --label Linux --loader '\EFI\systemd\systemd-bootx64.efi'
    booted=\$(efibootmgr | sed -n 's/^BootCurrent: //p')
    ours=\$(efibootmgr | sed -n 's/^Boot\([0-9A-F]*\)\* Linux.*/\1/p')
    efibootmgr --bootorder \$booted,\$ours
    umount --recursive /mnt"
}

reboot() {
  on 'systemd-run --quiet --on-active=1 --timer-property=AccuracySec=100ms systemctl reboot'
  until installed true; do
    sleep 0.5
  done
}

started=$(now)
step 'serve' serve
step 'netboot to ssh' netboot
step 'partition, file systems' partition
step 'pacstrap' pacstrap
step 'configuration' configure
step 'boot loader' boot_loader
step 'reboot to ssh' reboot
show total $(($(now) - started))
