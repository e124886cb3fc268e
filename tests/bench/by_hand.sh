#!/bin/sh
# What `blackstart up` does in the lab, done by hand over ssh, from nodes that were just started and are empty; or, with
# a node named, what `blackstart rebuild` does for one that is dead and was started empty:
#   by_hand.sh FOLDER BUNDLE [NODE]
# FOLDER holds what a person would have written beforehand (see prepare.py). Prints a line per step, name<TAB>seconds.
# Work goes to all nodes at once where a person would use `&` and `wait`; nothing is checked that a person would not.
set -eu

folder=$1
bundle=$2
dead=${3-}
nodes=$(cut -d ' ' -f 1 "$folder/nodes")
first=${nodes%%[!a-z0-9-]*}
# The nodes' mirror list names the address and port that the bundle is served at.
url=$(sed -n 's,^Server = \(http://[^/]*\)/.*,\1,p' "$folder/files/$first/etc/pacman.d/mirrorlist")
endpoint=$(sed -n 's/^controlPlaneEndpoint: //p' "$folder/cluster.yaml")
room=$(mktemp -d) # mode 0700: kubeadm prints a token into a file of it
log=$room/log
# shellcheck source=tests/bench/steps.sh
. "$(dirname "$0")/steps.sh"
server=

on() { # on NODE COMMAND
  ssh -F "$folder/ssh_config" -S "$room/%n" -o ControlMaster=auto -o ControlPersist=60 "$@"
}

kubectl() { # kubectl WORDS, on the first node, without quoting
  on "$first" "kubectl --kubeconfig=/etc/kubernetes/admin.conf $*"
}

everywhere() { # everywhere FUNCTION: on all nodes at once, fails when it fails on one
  pids=
  for node in $nodes; do
    "$1" "$node" &
    pids="$pids $!"
  done
  for pid in $pids; do
    wait "$pid"
  done
}

leave() {
  status=$?
  if [ "$status" -ne 0 ]; then
    tail -n 30 "$log" >&2 || true
  fi
  for node in $nodes; do
    on "$node" -O exit 2>/dev/null || true
  done
  if [ -n "$server" ]; then
    kill "$server" || true
  fi
  rm -rf "$room"
  exit "$status"
}
trap leave EXIT
trap 'exit 130' INT TERM

random() { # random BYTES, as lower-case hexadecimal digits
  od -An -tx1 -N "$1" /dev/urandom | tr -d ' \n'
}

serve() {
  port=${url##*:}
  host=${url#http://}
  python3 -m http.server --bind "${host%:*}" --directory "$bundle" "$port" &
  server=$!
  until curl --fail --silent --output /dev/null "$url/bundle.json"; do
    kill -0 "$server"
    sleep 0.1
  done
}

put() { # put NODE PATH...: files of the folder, at the same places on the node; never folders, which have their modes
  target=$1
  shift
  (cd "$folder/files/$target" && find "$@" -type f | tar -cf - -T -) |
    on "$target" tar -C / -xf - --no-same-owner --overwrite
}

install() {
  put "$1" etc/pacman.conf etc/pacman.d
  # Twice y: package lists that the node already has may look newer than the snapshot's.
  on "$1" pacman -Syy --noconfirm --needed --noprogressbar \
    containerd runc kubelet kubeadm kubectl cni-plugins conntrack-tools ethtool socat keepalived
}

install_helm() {
  on "$first" pacman -S --noconfirm --needed --noprogressbar helm
}

configure() {
  put "$1" .
  # kubeadm starts the kubelet; one that is started before has no configuration.
  on "$1" 'set -e
    sysctl --quiet --load=/etc/sysctl.d/90-kubernetes.conf
    # There is none when the kernel has all modules built in.
    if [ -s /etc/modules-load.d/90-kubernetes.conf ]; then
      xargs modprobe -a </etc/modules-load.d/90-kubernetes.conf
    fi
    systemctl daemon-reload
    systemctl enable --quiet --now containerd keepalived
    systemctl enable --quiet kubelet'
}

load() {
  # In a pipe the status is that of ctr, which fails on an archive that is cut off.
  on "$1" "set -e; for image in $(tr '\n' ' ' <"$folder/images"); do
    curl --fail --silent --show-error $url/\$image | ctr --namespace k8s.io images import --local -
  done"
}

registration() { # registration NODE
  cat <<EOT
nodeRegistration:
  name: $1
  criSocket: unix:///run/containerd/containerd.sock
  imagePullPolicy: Never
  taints: []
  ignorePreflightErrors: [SystemVerification, Mem, NumCPU]
EOT
}

advertise() { # advertise NODE
  printf 'localAPIEndpoint: {advertiseAddress: %s, bindPort: %s}\n' \
    "$(sed -n "s/^$1 //p" "$folder/nodes")" "${endpoint##*:}"
}

init() {
  {
    cat <<EOT
apiVersion: kubeadm.k8s.io/v1beta4
kind: InitConfiguration
$(advertise "$first")
$(registration "$first")
certificateKey: "$key"
bootstrapTokens: [{token: "$token", ttl: 30m0s}]
skipPhases: [addon/kube-proxy]
---
EOT
    cat "$folder/cluster.yaml"
  } | on "$first" 'umask 077; cat >/run/init.yaml'
  # At its end it prints the key: so what it printed is shown only when it did not get there.
  on "$first" 'trap "rm /run/init.yaml" EXIT; kubeadm init --config=/run/init.yaml --upload-certs' \
    >"$room/init" 2>&1 || { cat "$room/init" && return 1; }
}

join() { # join NODE
  hash=$(sed -n 's/.*--discovery-token-ca-cert-hash \(sha256:[0-9a-f]*\).*/\1/p' "$room/init" | head -n 1)
  on "$1" 'umask 077; cat >/run/join.yaml' <<EOT
apiVersion: kubeadm.k8s.io/v1beta4
kind: JoinConfiguration
discovery:
  bootstrapToken: {apiServerEndpoint: "$endpoint", token: "$token", caCertHashes: ["$hash"]}
controlPlane:
  certificateKey: "$key"
  $(advertise "$1")
$(registration "$1")
EOT
  on "$1" 'trap "rm /run/join.yaml" EXIT; kubeadm join --config=/run/join.yaml'
}

cilium() {
  on "$first" 'cat >/root/values.yaml' <"$folder/values.yaml"
  on "$first" "helm --kubeconfig /etc/kubernetes/admin.conf upgrade --install cilium $url/$(cat "$folder/chart") \
    --namespace kube-system --values /root/values.yaml"
}

nodes_ready() {
  kubectl wait --for=condition=Ready nodes --all --timeout=600s
}

seed() {
  kubectl apply --server-side -f - <"$folder/seed.yaml"
}

argocd() {
  tar -C "$folder" -cf - argocd | on "$first" tar -C /root -xf - --no-same-owner
  kubectl apply --server-side --force-conflicts -k /root/argocd
}

repo_server() {
  # Applications that are compared before there is a repo-server are looked at again only after minutes.
  kubectl -n argocd rollout status deployment/argocd-repo-server --timeout=600s
}

root() {
  kubectl apply --server-side -f - <"$folder/root.json"
}

leaves() {
  # The same list that the cluster gave that blackstart made, every line of it Synced and Healthy.
  wanted=$(cat "$folder/applications")
  columns="{.metadata.name} {.status.sync.status} {.status.health.status}{\"\\n\"}"
  end=$(($(now) + 900000))
  until [ "$(kubectl -n argocd get applications "-o=jsonpath='{range .items[*]}$columns{end}'")" = "$wanted" ]; do
    [ "$(now)" -lt "$end" ]
    sleep 1
  done
}

etcdctl() { # etcdctl WORDS, on the first node that is left: it is in etcd's own container only
  keys=/etc/kubernetes/pki/etcd
  kubectl --namespace=kube-system exec "etcd-$first" -- etcdctl --cacert=$keys/ca.crt \
    --cert=$keys/healthcheck-client.crt --key=$keys/healthcheck-client.key "$@"
}

snapshot() {
  # A folder that the container shares with the node.
  etcdctl snapshot save /var/lib/etcd/by-hand.db
  on "$first" 'cat /var/lib/etcd/by-hand.db && rm /var/lib/etcd/by-hand.db' >"$room/snapshot.db"
}

remove_member() {
  etcdctl member remove "$(etcdctl member list | sed -n "s/^\([0-9a-f]*\), [a-z]*, $dead,.*/\1/p")"
  kubectl delete node "$dead"
}

let_in() {
  # The key and the token of this join; kubeadm makes and prints both.
  on "$first" kubeadm init phase upload-certs --upload-certs >"$room/certs"
  key=$(tail -n 1 "$room/certs")
  on "$first" kubeadm token create --ttl=30m --print-join-command >"$room/init"
  token=$(sed -n 's/.*--token \([^ ]*\).*/\1/p' "$room/init")
}

node_ready() {
  kubectl wait --for=condition=Ready "node/$dead" --timeout=600s
}

rebuild() {
  if [ "$first" = "$dead" ]; then
    first=$(echo "$nodes" | grep -v -x -m 1 "$dead")
  fi
  step 'serve the bundle' serve
  step 'snapshot of etcd' snapshot
  step 'etcd member and Node removed' remove_member
  step 'machine started empty' "$BLACKSTART" lab up
  step 'packages' install "$dead"
  step 'configuration and services' configure "$dead"
  step 'images' load "$dead"
  step 'certificates and token' let_in
  step 'kubeadm join' join "$dead"
  step 'node Ready' node_ready
  show total $(($(now) - started))
  exit 0
}

token=$(random 3).$(random 8)
key=$(random 32)
started=$(now)
if [ -n "$dead" ]; then
  rebuild
fi
step 'serve the bundle' serve
step 'packages' everywhere install
step 'helm' install_helm
step 'configuration and services' everywhere configure
step 'images' everywhere load
step 'kubeadm init' init
for joining in $nodes; do
  if [ "$joining" != "$first" ]; then
    step "kubeadm join $joining" join "$joining"
  fi
done
step 'helm upgrade Cilium' cilium
step 'nodes Ready' nodes_ready
step 'seed CRD' seed
step 'Argo CD applied' argocd
step 'repo-server' repo_server
step 'root application' root
step 'every leaf Synced and Healthy' leaves
show total $(($(now) - started))
