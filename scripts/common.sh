# Sourced by the shell scripts: installs what is missing, and builds. $root is the root of the repository.

say() { echo "$(basename "$0"): $*" >&2; }

# Runs a command and shows its output only if it fails, which ends the script.
quietly() {
  local log
  log=$("$@" 2>&1) || {
    echo "$log" >&2
    say "failed: $*"
    exit 1
  }
}

# Installs the Debian packages that are missing. Versions: libopenblas-pthread-dev 0.3.21, libsentencepiece-dev 0.1.97,
# libcjson-dev 1.7.15, libpcre2-dev 10.42, check 0.15.2 are Debian 12's.
install_packages() {
  local missing=() package as_root=()
  for package in "$@"; do
    dpkg-query -W -f '${Status}' "$package" 2>/dev/null | grep -q 'ok installed' || missing+=("$package")
  done
  [ ${#missing[@]} -eq 0 ] && return
  [ "$(id -u)" -eq 0 ] || as_root=(sudo)
  if ! command -v apt-get >/dev/null; then
    say "apt-get not found; install the equivalents of Debian 12's ${missing[*]} and run this again"
    exit 1
  fi
  say "installing ${missing[*]} (Debian packages)"
  quietly "${as_root[@]}" apt-get update -qq
  quietly "${as_root[@]}" env DEBIAN_FRONTEND=noninteractive apt-get install -y -qq --no-install-recommends "${missing[@]}"
}

build_packages=(build-essential cmake pkg-config libopenblas-pthread-dev libsentencepiece-dev libcjson-dev libpcre2-dev)
test_packages=("${build_packages[@]}" check libsimde-dev)

# Configures and builds a CMake preset, with the tests unless it is `release`. Quiet unless it fails.
build() {
  local packages=("${build_packages[@]}")
  [ "$1" = release ] || packages=("${test_packages[@]}")
  install_packages "${packages[@]}"
  say "building ($1)"
  cd "$root"
  quietly cmake --preset "$1"
  quietly cmake --build --preset "$1" --parallel "$(nproc)"
  cd - >/dev/null
}

# Installs the pinned packages of a requirements file, given from the root of the repository, in the virtual environment
# .venv.
install_python() {
  local requirements=$root/$1 stamp=$root/.venv/${1##*/}
  cmp -s "$requirements" "$stamp" && return
  python3 -c 'import ensurepip' 2>/dev/null || install_packages python3 python3-venv
  say "installing the Python packages of $1 in .venv"
  [ -x "$root/.venv/bin/python" ] || python3 -m venv "$root/.venv"
  quietly "$root/.venv/bin/pip" install -q --disable-pip-version-check -r "$requirements"
  cp "$requirements" "$stamp"
}
