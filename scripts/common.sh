# Sourced by translate, test and .ci/run: what the two commands install when it is missing. The root of the
# repository is in $root.

say() { echo "$(basename "$0"): $*" >&2; }

# Runs a command; shows what it printed only when it fails, and then ends the script.
quietly() {
  local log
  log=$("$@" 2>&1) || {
    echo "$log" >&2
    say "failed: $*"
    exit 1
  }
}

# The Debian packages that are not there yet. Versions: libopenblas-pthread-dev 0.3.21, libsentencepiece-dev 0.1.97,
# libcjson-dev 1.7.15, check 0.15.2 are Debian 12's.
install_packages() {
  local missing=() package as_root=()
  for package in "$@"; do
    dpkg-query -W -f '${Status}' "$package" 2>/dev/null | grep -q 'ok installed' || missing+=("$package")
  done
  [ ${#missing[@]} -eq 0 ] && return
  [ "$(id -u)" -eq 0 ] || as_root=(sudo)
  if ! command -v apt-get >/dev/null; then
    say "found no apt-get; install what Debian 12 calls ${missing[*]} and run this again"
    exit 1
  fi
  say "installing ${missing[*]} (Debian packages)"
  quietly "${as_root[@]}" apt-get update -qq
  quietly "${as_root[@]}" env DEBIAN_FRONTEND=noninteractive apt-get install -y -qq --no-install-recommends "${missing[@]}"
}

build_packages=(build-essential cmake pkg-config libopenblas-pthread-dev libsentencepiece-dev libcjson-dev check libsimde-dev)

# Configures and builds a CMake preset; quiet unless it fails.
build() {
  install_packages "${build_packages[@]}"
  say "building ($1)"
  cd "$root"
  quietly cmake --preset "$1"
  quietly cmake --build --preset "$1" --parallel "$(nproc)"
  cd - >/dev/null
}

# A virtual environment in .venv with the pinned packages of a requirements file, given from the root of the repository.
install_python() {
  local requirements=$root/$1 stamp=$root/.venv/${1##*/}
  cmp -s "$requirements" "$stamp" && return
  python3 -c 'import ensurepip' 2>/dev/null || install_packages python3 python3-venv
  say "installing the Python packages of $1 in .venv"
  [ -x "$root/.venv/bin/python" ] || python3 -m venv "$root/.venv"
  quietly "$root/.venv/bin/pip" install -q --disable-pip-version-check -r "$requirements"
  cp "$requirements" "$stamp"
}
