# Prints the completion for zsh.
END {
  print "#compdef translate"
  print "_arguments -s -S \\"
  for (i = 1; i <= n_options; i++) {
    gsub(/\\|\[|\]|:/, "\\\\&", brief[i])
    gsub(/'/, "'\\''", brief[i])
    action = value[i] == "FILE" ? "_files" : value[i] == "DIR" ? "_files -/" : choices[i] ? "(" choices[i] ")" : " "
    rest = "[" brief[i] "]" (value[i] ? (optional[i] ? "::" : ":") value[i] ":" action : "") "' \\"
    assign = optional[i] ? "=-" : value[i] ? "=" : ""
    if (short[i]) print "  '(-" short[i] " --" long[i] ")'{-" short[i] (value[i] ? "+" : "") ",--" long[i] assign "}'" rest
    else print "  '--" long[i] assign rest
  }
  print "  '*:TEXT:( )'" # with ":TEXT: ", zsh lists the only option that fits instead of completing it
}
