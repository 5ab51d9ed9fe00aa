#!/usr/bin/env bash
# Builds launch/Containerfile with buildah and runs its image: the program, ranks, a report with figures; then carries out
# launch/giv-dist.def, as far as that goes without Apptainer. Its results must have the digests of this machine's program.
# Prints what it saw. Needs root; installs what is missing. Takes a quarter of an hour, most of it the build.
#
# Where docker.io cannot be reached, a Debian made by mmdebstrap stands in for its images, with this machine's Swift.
# GIV_DIST names the program; without it that of `swift build -c release` is taken.
set -euo pipefail
cd "$(dirname "$0")/.."

fail() {
  echo "test-image: $2" >&2
  exit "$1"
}

((EUID == 0)) || fail 78 "only root can make root file systems"
launch/setup.sh --image
giv_dist=${GIV_DIST-$(swift build -c release --show-bin-path)/giv-dist}
[[ -x "$giv_dist" ]] || fail 78 "no $giv_dist: run make build"

work=$(mktemp -d)
# Images and layers of this test lie apart from the user's, and go with it.
image() { command buildah --root "$work/images" --runroot "$work/run" --storage-driver vfs "$@"; }
trap 'image umount --all >/dev/null 2>&1 || true; rm -rf "$work"' EXIT
trap 'exit 130' INT TERM

# An image of a root file system, whose path finds the Swift that the build is given.
make_image() {
  local container
  container=$(image from scratch)
  image add --quiet "$container" "$2" / >/dev/null
  image config --env PATH=/opt/swift/usr/bin:/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin "$container"
  image commit --quiet --rm "$container" "$1" >/dev/null
}

options=()
if timeout 60 buildah --root "$work/probe" --runroot "$work/run" --storage-driver vfs pull --quiet docker.io/library/debian:bookworm-slim \
  >/dev/null 2>&1; then
  echo "test-image: with the images of docker.io"
else
  echo "test-image: docker.io is out of reach; making a Debian here"
  mmdebstrap --quiet --variant=minbase bookworm "$work/base.tar"
  make_image localhost/base "$work/base.tar"
  # What the image of Swift has beside Swift.
  mmdebstrap --quiet --variant=minbase --include=binutils,ca-certificates,git,libc6-dev,libcurl4-openssl-dev,libedit2,libgcc-12-dev \
    --include=libncurses6,libpython3.11,libsqlite3-0,libstdc++-12-dev,libxml2-dev,libz3-dev,pkg-config,tzdata,zlib1g-dev \
    bookworm "$work/builder.tar"
  toolchain=$(dirname "$(dirname "$(dirname "$(readlink -f "$(command -v swift)")")")")
  make_image localhost/builder "$work/builder.tar"
  options=(--build-arg BASE=localhost/base --build-arg BUILDER=localhost/builder --volume "$toolchain:/opt/swift:ro")
fi
# Git may be told to take packages from folders of this machine; the build sees the same ones.
while read -r setting _; do
  folder=${setting#url.} folder=${folder%.insteadof}
  [[ ! -d "$folder" ]] || options+=(--volume "$folder:$folder:ro" --volume /etc/gitconfig:/etc/gitconfig:ro)
done < <(git config --get-regexp '^url\..*\.insteadof$' | sort --unique --key=1,1)

image build --quiet --isolation chroot --ignorefile launch/Containerfile.dockerignore "${options[@]}" \
  --tag giv-dist --file launch/Containerfile . >"$work/build.log" 2>&1 || {
  tail -n 40 "$work/build.log" >&2
  fail 70 "the image was not built"
}
echo "built: $(image images --format '{{.Size}}' giv-dist)"

# What a user does with the program in a container, as that user's own: the words after the name of the container.
try_program() {
  local container=$1 ranks
  shift
  ranks='simulate --scenario poly --groups 3 --rows 20000 --confounding 0.5 --seed 1 --shards 3 --out shards'
  image run --isolation chroot "$@" "$container" -- bash -euo pipefail -c "
    cd \"\$(mktemp -d)\"
    giv-dist --version
    giv-dist $ranks >/dev/null
    mpirun -n 2 --oversubscribe giv-dist train shards --groups 3 --out run --progress none >/dev/null
    giv-dist report run --out report.html >/dev/null
    ls figures/*.svg >/dev/null && grep --quiet '<svg' report.html
    grep --only-matching '\"[a-zA-Z]*Digest\" *: *\"[^\"]*\"' run/report.json | tr -d ' ' | sort --unique"
}

(
  cd "$work"
  "$giv_dist" simulate --scenario poly --groups 3 --rows 20000 --confounding 0.5 --seed 1 --shards 3 --out shards >/dev/null
  "$giv_dist" train shards --groups 3 --out here --progress none >/dev/null
)
digests=$(grep --only-matching '"[a-zA-Z]*Digest" *: *"[^"]*"' "$work/here/report.json" | tr -d ' ' | sort --unique)
[[ -n "$digests" ]] || fail 70 "report.json has no digests"
same() {
  local printed
  printed=$(try_program "$@") || fail 70 "the program failed in $1"
  [[ "$(tail -n +2 <<<"$printed" | grep Digest)" == "$digests" ]] || fail 70 "$1 has other bits: $printed"
  echo "$1: $(head -n 1 <<<"$printed"); two ranks, report with figures, same digests"
}

container=$(image from --name image giv-dist)
same image --user giv
# Ranks on other pods are started so.
image run --isolation chroot --user giv image -- bash -euo pipefail -c '
  mkdir -p -m 700 ~/.ssh && ssh-keygen -q -t rsa -N "" -f ~/.ssh/id_rsa && cp ~/.ssh/id_rsa.pub ~/.ssh/authorized_keys
  /usr/sbin/sshd -De -f ~/.sshd_config 2>/dev/null & server=$!
  trap "kill $server" EXIT
  for _ in {1..20}; do sleep 0.5; ssh -q localhost giv-dist --version && exit; done; exit 1' >/dev/null \
  || fail 70 "a rank cannot be started over ssh"
echo "image: a program is started over ssh, by a user without rights"

# The recipe's own words, in a container of its base; its tarball has what the image has.
base=localhost/base
[[ " ${options[*]} " == *" BASE=$base "* ]] || base=docker.io/library/$(sed -n 's/^From: //p' launch/giv-dist.def)
section() { sed -n "/^%$1/,/^%/{/^%/d;p}" launch/giv-dist.def; }
tar --create --xz --file "$work/giv-dist.tar.xz" --transform 's,^\.,giv-dist,' --directory "$(image mount "$container")/usr/local" .
image from --name recipe "$base" >/dev/null
read -r source target < <(section files)
image copy --quiet recipe "$work/$source" "$target" >/dev/null
image run --isolation chroot recipe -- sh -eu -c "$(section post)" >"$work/post.log" 2>&1 || {
  tail -n 20 "$work/post.log" >&2
  fail 70 "%post of launch/giv-dist.def fails"
}
version=$(image run --isolation chroot recipe -- sh -eu -c "$(section test)") || fail 70 "%test of launch/giv-dist.def fails"
[[ "$(image run --isolation chroot recipe -- sh -eu -c "$(section runscript)" giv-dist --version)" == "$version" ]] \
  || fail 70 "%runscript of launch/giv-dist.def does not hand on its words"
same recipe --user nobody
