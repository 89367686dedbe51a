# Prints the completion for bash.
# Prints what completes the values of the options in `pattern`, "|-o|--output|…".
function complete_with(pattern, how) {
  if (pattern) print "    " substr(pattern, 2) ") " how " ;;"
}

function from_list(words) {
  return "mapfile -t COMPREPLY < <(compgen -W '" words "' -- \"$word\")"
}

END {
  for (i = 1; i <= n_options; i++) {
    names = names " --" long[i] (optional[i] ? "=" : "")
    if (!value[i] || optional[i]) continue
    pattern = (short[i] ? "|-" short[i] : "") "|--" long[i]
    if (value[i] == "FILE") files = files pattern
    else if (value[i] == "DIR") directories = directories pattern
    else if (choices[i]) { listed[++n_listed] = pattern; words[n_listed] = choices[i] }
    else others = others pattern
  }
  print "# bash completion for translate"
  print "_translate() {"
  print "  local word=$2 option=$3"
  print "  if [[ $word == = ]]; then word=; # bash takes --model=DIR for three words"
  print "  elif [[ $option == = ]]; then option=${COMP_WORDS[COMP_CWORD - 2]}; fi"
  print "  COMPREPLY=()"
  print "  case $option in"
  complete_with(directories, "compopt -o filenames; mapfile -t COMPREPLY < <(compgen -d -- \"$word\")")
  complete_with(files, "compopt -o filenames; mapfile -t COMPREPLY < <(compgen -f -- \"$word\")")
  for (i = 1; i <= n_listed; i++) complete_with(listed[i], from_list(words[i]))
  complete_with(others, ":")
  print "    *) [[ $word != -* ]] || " from_list(substr(names, 2))
  print "       [[ ${COMPREPLY[*]} != *= ]] || compopt -o nospace ;;"
  print "  esac"
  print "}"
  print "complete -F _translate translate"
}
