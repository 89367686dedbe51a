# Reads the help text in cli/arguments.c, for the scripts that print the manual page and the completions:
#
#   paragraph[1 … n_paragraphs]          the text outside the lists of options; the first is the synopsis
#   heading[i]                           of the list that option i begins, or ""
#   short[i], long[i]                    the names of option i, 1 … n_options, without dashes; short may be ""
#   value[i], optional[i]                the placeholder of its value, or ""; whether it may be omitted
#   choices[i]                           the values of an option whose description begins "A, or B:", or ""
#   about[i], brief[i]                   the description; what precedes its first semicolon, colon or parenthesis
/^static const char help\[\] =/ { inside = 1; next }
inside {
  last = /";$/
  sub(/^ *"/, ""); sub(/";?$/, ""); gsub(/\\"/, "\"")
  text = text $0
  while (end = index(text, "\\n")) {
    help_line(substr(text, 1, end - 1))
    text = substr(text, end + 2)
  }
  if (last) inside = 0
}

function help_line(line) {
  if (line == "") open = 0
  else if (line ~ /^[A-Z][a-z ]+:$/) heading[n_options + 1] = substr(line, 1, length(line) - 1)
  else if (line ~ /^  (-.|   )/) option_line(line)
  else if (open) paragraph[n_paragraphs] = paragraph[n_paragraphs] " " line
  else { paragraph[++n_paragraphs] = line; open = 1 }
}

# The first line of an option, or a line that continues its description.
function option_line(line,    words, i) {
  i = n_options
  if (match(line, /^  (-., |    )--[a-z-]+/)) {
    i = ++n_options
    short[i] = line ~ /^  -/ ? substr(line, 4, 1) : ""
    long[i] = substr(line, 9, RLENGTH - 8)
    line = substr(line, RLENGTH + 1)
    optional[i] = sub(/^\[=/, "=", line)
    if (match(line, /^[ =][^ ]+/)) {
      value[i] = substr(line, 2, RLENGTH - 1)
      line = substr(line, RLENGTH + 1)
    }
    sub(/\]$/, "", value[i])
  }
  sub(/^ +/, "", line)
  about[i] = about[i] (about[i] == "" || line == "" ? "" : " ") line
  brief[i] = about[i]
  sub(/( \(|[;:] ).*/, "", brief[i])
  if (match(about[i], /^[a-z]+, or [a-z]+:/)) {
    choices[i] = substr(about[i], 1, RLENGTH - 1)
    sub(/, or /, " ", choices[i])
  }
}
