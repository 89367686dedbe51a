# Prints the completion for fish.
END {
  print "complete -c translate -f"
  for (i = 1; i <= n_options; i++) {
    gsub(/['\\]/, "\\\\&", brief[i])
    argument = value[i] == "FILE" ? " -r -F" : value[i] == "DIR" ? " -x -a '(__fish_complete_directories)'" \
      : choices[i] ? " -x -a '" choices[i] "'" : value[i] && !optional[i] ? " -x" : ""
    print "complete -c translate" (short[i] ? " -s " short[i] : "") " -l " long[i] argument " -d '" brief[i] "'"
  }
}
