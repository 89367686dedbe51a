# Sourced by the shell scripts, which find it through any symbolic links to them: installs what is missing, and builds.
root=$(readlink -f -- "$(dirname -- "${BASH_SOURCE[0]}")/..")

say() { echo "$(basename -- "$0"): $*" >&2; }

# locked NAME FUNCTION …: runs a function that builds or installs. One at a time of the same name: a second run in this
# checkout waits.
locked() {
  mkdir -p "$root/build"
  (
    flock --nonblock 9 || { say "waiting for another run, which is building or installing"; flock 9; }
    "${@:2}"
  ) 9>"$root/build/.$1.lock"
}

# Runs a command with its output in the variable `output`. Shows it only if the command fails, which ends the script.
quietly() {
  output=$("$@" 2>&1) || {
    echo "$output" >&2
    say "failed: $*"
    exit 1
  }
}

# Installs the Debian packages that are missing. Versions: libopenblas-pthread-dev 0.3.21, libsentencepiece-dev 0.1.97,
# libcjson-dev 1.7.15, libpcre2-dev 10.42, libedit-dev 3.1-20221030, check 0.15.2 are Debian 12's.
install_packages() {
  local missing=() package
  for package in "$@"; do
    dpkg-query -W -f '${Status}' "$package" 2>/dev/null | grep -q 'ok installed' || missing+=("$package")
  done
  [ ${#missing[@]} -eq 0 ] || locked build apt_install "${missing[@]}"
}

apt_install() {
  local as_root=()
  [ "$(id -u)" -eq 0 ] || as_root=(sudo)
  if ! command -v apt-get >/dev/null; then
    say "apt-get not found; install the equivalents of Debian 12's $* and run this again"
    exit 1
  fi
  say "installing $* (Debian packages)"
  quietly "${as_root[@]}" apt-get update -qq
  quietly "${as_root[@]}" env DEBIAN_FRONTEND=noninteractive apt-get install -y -qq --no-install-recommends "$@"
}

build_packages=(build-essential cmake pkg-config libopenblas-pthread-dev libsentencepiece-dev libcjson-dev libpcre2-dev
  libedit-dev)
test_packages=("${build_packages[@]}" check libsimde-dev)

# build PRESET [TARGET…]: configures and builds a CMake preset, with the tests unless it is `release`, or only the targets. Quiet
# unless it fails or the compiler warns.
build() {
  local packages=("${build_packages[@]}")
  [ "$1" = release ] || packages=("${test_packages[@]}")
  install_packages "${packages[@]}"
  locked build configure_and_compile "$@"
}

configure_and_compile() {
  [ "$1" != release ] || ! is_built || return 0 # by the run that this one has waited for
  say "building ($1)"
  cd "$root"
  remove_build_of_another_place "build/$1"
  quietly cmake --preset "$1"
  quietly cmake --build --preset "$1" --parallel "$(nproc)" ${2:+--target "${@:2}"}
  ! grep -q 'warning:' <<<"$output" || grep -v '^\[' <<<"$output" >&2 # without the lines of progress, "[ 42%] Building …"
  [ "$1" != release ] || touch "$program" # so that a newer file that changes nothing does not trigger a build every time
}

program=$root/build/release/translate

# True if the program is there, and newer than its sources.
is_built() {
  [ -x "$program" ] && [ -z "$(cd "$root" && find CMakeLists.txt CMakePresets.json support kernels attention weights \
    tokenizer text model translator library explain cli -newer "$program" -print -quit)" ]
}

# CMake refuses a build directory that has been moved or copied together with its checkout. What the fuzzer has found stays.
remove_build_of_another_place() {
  local place
  [ -f "$1/CMakeCache.txt" ] || return 0
  place=$(sed -n 's/^CMAKE_CACHEFILE_DIR:INTERNAL=//p' "$1/CMakeCache.txt")
  [ "$place" -ef "$1" ] || find "$1" -mindepth 1 -maxdepth 1 ! -name corpus ! -name findings -exec rm -rf {} +
}

# Installs the pinned packages of a requirements file, given from the root of the repository, in the virtual environment
# .venv.
install_python() {
  is_installed "$1" && return
  python3 -c 'import ensurepip' 2>/dev/null || install_packages python3 python3-venv
  locked python pip_install "$1"
}

is_installed() { ! venv_is_of_another_place && cmp -s "$root/$1" "$root/.venv/${1##*/}"; }

# True if .venv has been moved or copied with its checkout: its programs would run the Python of the other place.
venv_is_of_another_place() {
  local place
  place=$(sed -n 's|^command = .* -m venv /|/|p' "$root/.venv/pyvenv.cfg" 2>/dev/null) || return 1
  [ -n "$place" ] && ! [ "$place" -ef "$root/.venv" ]
}

pip_install() {
  local python=$root/.venv/bin/python
  is_installed "$1" && return # by the run that this one has waited for
  ! venv_is_of_another_place || { say "removing .venv, which was made in another place"; rm -rf "$root/.venv"; }
  say "installing the Python packages of $1 in .venv"
  # A .venv without pip is one whose making was killed; this completes it.
  "$python" -m pip --version >/dev/null 2>&1 || quietly python3 -m venv "$root/.venv"
  quietly "$python" -m pip install -q --disable-pip-version-check -r "$root/$1"
  cp "$root/$1" "$root/.venv/${1##*/}"
}
